#!/bin/bash
# Run once by InfluxDB's image: lets InfluxQL (Grafana, seuil report) ask the bucket by the name seuil.
set -euo pipefail
influx v1 dbrp create --org "$DOCKER_INFLUXDB_INIT_ORG" --bucket-id "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
  --db "$DOCKER_INFLUXDB_INIT_BUCKET" --rp autogen --default
