# The gateway, the console and the simulators: one image, three commands.
# Pinned by version; a digest would be better and is not written here, because none could be checked
# against the registry when this was made. To pin: docker buildx imagetools inspect IMAGE.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/seuil
COPY requirements/run.txt /src/requirements/run.txt
RUN /opt/seuil/bin/pip install --require-hashes --requirement /src/requirements/run.txt
COPY pyproject.toml README.md LICENSE /src/
COPY gateway /src/gateway
COPY sensors /src/sensors
COPY simulators /src/simulators
RUN /opt/seuil/bin/pip install --no-deps --no-build-isolation /src

FROM ${PYTHON}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin seuil \
 && install --directory --owner seuil --group seuil --mode 0700 /var/lib/seuil
COPY --from=build /opt/seuil /opt/seuil
ENV PATH=/opt/seuil/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SEUIL_DATA_DIR=/var/lib/seuil
USER 10001:10001
WORKDIR /var/lib/seuil
VOLUME /var/lib/seuil
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["seuil", "doctor", "--health"]
ENTRYPOINT ["seuil"]
CMD ["run", "/etc/seuil/space.toml"]
