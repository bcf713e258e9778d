/* Fails, logs or kills at the k-th operation on a journal's files; loaded with LD_PRELOAD.

   What it watches: writes, syncs, truncations, renames and removals of files whose path holds
   SHIM_MATCH (never those that end in -shm). What it does, the file SHIM_CONTROL says,
   which the benchmark maps, too: `struct control` below. SHIM_LOG gets each operation that
   succeeded, in its order: `struct record`, and for a write its bytes. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
  uint64_t ops;        /* operations so far, over all processes */
  uint64_t fail_at;    /* the first one that fails; 0: none */
  uint64_t fail_count; /* how many fail in a row */
  uint64_t how;        /* an errno, or SHORT: a write stores its first half, the next ones fail */
  uint64_t failed;     /* how many have failed */
  uint64_t kill_at;    /* the operation before which the process is killed; 0: none */
};

struct record {
  uint8_t op;   /* 1 write, 2 sync, 3 truncate, 4 made, 5 removed */
  uint8_t file; /* 0 the file itself, 1 its -wal, 2 another */
  uint16_t unused;
  uint32_t length;
  uint64_t offset;
  uint64_t at_ns; /* CLOCK_MONOTONIC */
};

enum { WRITE = 1, SYNC, TRUNCATE, MADE, REMOVED };
#define SHORT 10000
#define FILES 65536

static struct control *control;
static const char *match;
static int log_fd = -1;
static uint8_t watched[FILES]; /* by descriptor: the file's kind and one; 0 is not watched */
static uint64_t position[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, ...)                       \
  static type (*real)(__VA_ARGS__);                 \
  if (!real)                                        \
  real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
  const char *control_file = getenv("SHIM_CONTROL"), *log_file = getenv("SHIM_LOG");
  match = getenv("SHIM_MATCH");
  if (!control_file || !match)
    return;
  int fd = open(control_file, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return;
  void *mapped = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  control = mapped == MAP_FAILED ? 0 : mapped;
  if (log_file)
    log_fd = open(log_file, O_WRONLY | O_APPEND | O_CLOEXEC);
}

/* The kind of a path, and one; 0: it is not watched. */
static int kind_of(const char *path) {
  size_t length = strlen(path);
  if (!control || !strstr(path, match) || (length > 4 && !strcmp(path + length - 4, "-shm")))
    return 0;
  if (length > 4 && !strcmp(path + length - 4, "-wal"))
    return 2;
  return length > 3 && !strcmp(path + length - 3, ".db") ? 1 : 3;
}

static void log_it(int op, int kind, uint64_t offset, const void *bytes, size_t length) {
  if (log_fd < 0)
    return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  struct record record = {op, kind - 1, 0, length, offset, now.tv_sec * 1000000000ull + now.tv_nsec};
  struct iovec parts[] = {{&record, sizeof record}, {(void *)bytes, bytes ? length : 0}};
  if (writev(log_fd, parts, 2) < 0)
    abort();
}

/* Count an operation; what is to become of it: 0, an errno, or SHORT. */
static int fate(void) {
  uint64_t n = __atomic_add_fetch(&control->ops, 1, __ATOMIC_SEQ_CST);
  if (control->kill_at == n)
    kill(getpid(), SIGKILL);
  if (!control->fail_at || n < control->fail_at || n >= control->fail_at + control->fail_count)
    return 0;
  __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
  return control->how == SHORT && n > control->fail_at ? ENOSPC : (int)control->how;
}

static int watch(int fd, const char *path, int flags) {
  if (fd < 0 || fd >= FILES)
    return fd;
  watched[fd] = kind_of(path);
  position[fd] = 0;
  if (watched[fd] && (flags & O_CREAT)) {
    struct stat found;
    if (!fstat(fd, &found) && !found.st_size)
      log_it(MADE, watched[fd], 0, 0, 0);
  }
  return fd;
}

#define OPEN(name)                                         \
  int name(const char *path, int flags, ...) {             \
    REAL(int, #name, const char *, int, ...);              \
    va_list rest;                                          \
    va_start(rest, flags);                                 \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                          \
    return watch(real(path, flags, mode), path, flags);    \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  REAL(int, "close", int);
  if (fd >= 0 && fd < FILES)
    watched[fd] = 0;
  return real(fd);
}

static int is_watched(int fd) { return control && fd >= 0 && fd < FILES && watched[fd]; }

static ssize_t store(int fd, const void *bytes, size_t length, off_t offset, ssize_t (*put)(int, const void *, size_t, off_t)) {
  pthread_mutex_lock(&lock);
  int wrong = fate();
  ssize_t done = -1;
  if (wrong && wrong != SHORT)
    errno = wrong;
  else if ((done = put(fd, bytes, wrong ? (length + 1) / 2 : length, offset)) > 0)
    log_it(WRITE, watched[fd], offset, bytes, done);
  int kept = errno;
  pthread_mutex_unlock(&lock);
  errno = kept;
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
  return is_watched(fd) ? store(fd, bytes, length, offset, real) : real(fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite64(fd, bytes, length, offset);
}

static ssize_t put_next(int fd, const void *bytes, size_t length, off_t offset) {
  (void)offset;
  REAL(ssize_t, "write", int, const void *, size_t);
  return real(fd, bytes, length);
}
ssize_t write(int fd, const void *bytes, size_t length) {
  if (!is_watched(fd))
    return put_next(fd, bytes, length, 0);
  ssize_t done = store(fd, bytes, length, position[fd], put_next);
  if (done > 0)
    position[fd] += done;
  return done;
}

static int settle(int fd, int op, uint64_t size, int (*call)(int, off_t)) {
  pthread_mutex_lock(&lock);
  int wrong = fate(), done = -1;
  if (wrong)
    errno = wrong == SHORT ? EIO : wrong;
  else if (!(done = call(fd, size)))
    log_it(op, watched[fd], size, 0, 0);
  int kept = errno;
  pthread_mutex_unlock(&lock);
  errno = kept;
  return done;
}

#define SYNCS(name)                              \
  static int real_##name(int fd, off_t unused) { \
    (void)unused;                                \
    REAL(int, #name, int);                       \
    return real(fd);                             \
  }                                              \
  int name(int fd) { return is_watched(fd) ? settle(fd, SYNC, 0, real_##name) : real_##name(fd, 0); }
SYNCS(fsync)
SYNCS(fdatasync)

static int real_truncate(int fd, off_t size) {
  REAL(int, "ftruncate64", int, off_t);
  return real(fd, size);
}
int ftruncate64(int fd, off_t size) {
  return is_watched(fd) ? settle(fd, TRUNCATE, size, real_truncate) : real_truncate(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  int kind = kind_of(path), wrong = kind ? fate() : 0;
  if (wrong) {
    errno = wrong == SHORT ? EIO : wrong;
    return -1;
  }
  int done = real(path);
  if (kind && !done)
    log_it(REMOVED, kind, 0, 0, 0);
  return done;
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  int wrong = kind_of(from) || kind_of(to) ? fate() : 0;
  if (wrong) {
    errno = wrong == SHORT ? EIO : wrong;
    return -1;
  }
  return real(from, to);
}
