/* Traces what a process does to the files below one folder, so that a power cut can be played
 * afterwards: LD_PRELOAD it with POWER_ROOT (the folder, resolved) and POWER_TRACE (the trace).
 *
 * Each record is a `struct head` and its bytes: what was written, or a path, or two paths. The real
 * call and its record are one step under a lock, so the records' order is that of the calls.
 * Memory maps are not seen: SQLite's -shm is scratch that no power cut has to spare.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, UNLINK, MKDIR };

struct head {
    uint32_t op;
    uint32_t size;
    uint64_t at_ns;
    uint64_t inode;
    int64_t offset;
};

#define MOST_FDS 4096
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char ours[MOST_FDS];
static const char *root;
static size_t root_len;
static int trace = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    root = getenv("POWER_ROOT");
    const char *path = getenv("POWER_TRACE");
    if (!root || !path) return;
    root_len = strlen(root);
    trace = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void record(uint32_t op, uint64_t inode, int64_t offset, const void *bytes, size_t size) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct head head = {op, (uint32_t)size, now.tv_sec * 1000000000ull + now.tv_nsec, inode, offset};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, size}};
    if (writev(trace, parts, 2) != (ssize_t)(sizeof head + size)) abort();
}

static void record_path(uint32_t op, uint64_t inode, const char *path) {
    record(op, inode, 0, path, strlen(path));
}

static int below_root(const char *path) {
    return trace >= 0 && path && strncmp(path, root, root_len) == 0 &&
           (path[root_len] == '/' || path[root_len] == 0);
}

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 ? found.st_ino : 0;
}

static int is_ours(int fd) { return fd >= 0 && fd < MOST_FDS && ours[fd]; }

static int opened(int fd, const char *path, int flags) {
    if (fd < 0 || fd >= MOST_FDS || (flags & O_TMPFILE) == O_TMPFILE) return fd;
    ours[fd] = (char)below_root(path);
    if (!ours[fd]) return fd;
    if (flags & O_CREAT) record_path(CREATE, inode_of(fd), path);
    if (flags & O_TRUNC) record(TRUNCATE, inode_of(fd), 0, "", 0);
    return fd;
}

#define OPEN(name)                                                             \
    int name(const char *path, int flags, ...) {                               \
        va_list rest;                                                          \
        va_start(rest, flags);                                                 \
        mode_t mode = va_arg(rest, mode_t);                                    \
        va_end(rest);                                                          \
        pthread_mutex_lock(&lock);                                             \
        int fd = opened(REAL(name)(path, flags, mode), path, flags);           \
        pthread_mutex_unlock(&lock);                                           \
        return fd;                                                             \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                           \
    int name(int folder, const char *path, int flags, ...) {                   \
        va_list rest;                                                          \
        va_start(rest, flags);                                                 \
        mode_t mode = va_arg(rest, mode_t);                                    \
        va_end(rest);                                                          \
        pthread_mutex_lock(&lock);                                             \
        int fd = opened(REAL(name)(folder, path, flags, mode), path, flags);   \
        pthread_mutex_unlock(&lock);                                           \
        return fd;                                                             \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < MOST_FDS) ours[fd] = 0;
    int done = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return done;
}

static ssize_t write_at(int fd, const void *bytes, size_t size, off64_t offset) {
    ssize_t done = REAL(pwrite64)(fd, bytes, size, offset);
    if (done > 0) record(WRITE, inode_of(fd), offset, bytes, (size_t)done);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    if (!is_ours(fd)) return REAL(pwrite64)(fd, bytes, size, offset);
    pthread_mutex_lock(&lock);
    ssize_t done = write_at(fd, bytes, size, offset);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return pwrite64(fd, bytes, size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (!is_ours(fd)) return REAL(write)(fd, bytes, size);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(fd, bytes, size);
    if (done > 0) {
        off64_t end = lseek64(fd, 0, SEEK_CUR);
        record(WRITE, inode_of(fd), end - done, bytes, (size_t)done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int fd, off64_t size) {
    if (!is_ours(fd)) return REAL(ftruncate64)(fd, size);
    pthread_mutex_lock(&lock);
    int done = REAL(ftruncate64)(fd, size);
    if (done == 0) record(TRUNCATE, inode_of(fd), size, "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synced(int fd, int done) {
    struct stat found;
    if (done != 0 || !is_ours(fd) || fstat(fd, &found) != 0) return done;
    pthread_mutex_lock(&lock);
    record(S_ISDIR(found.st_mode) ? SYNC_FOLDER : SYNC, found.st_ino, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) { return synced(fd, REAL(fsync)(fd)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)(fd)); }

static int renamed(int done, const char *from, const char *to) {
    struct stat found;
    char both[8192];
    size_t first = strlen(from), second = strlen(to);
    if (done != 0 || !below_root(to) || stat(to, &found) != 0) return done;
    if (first + second + 1 > sizeof both) abort();
    memcpy(both, from, first + 1);
    memcpy(both + first + 1, to, second);
    record(RENAME, found.st_ino, 0, both, first + 1 + second);
    return done;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int done = renamed(REAL(rename)(from, to), from, to);
    pthread_mutex_unlock(&lock);
    return done;
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    pthread_mutex_lock(&lock);
    int done = renamed(REAL(renameat)(from_folder, from, to_folder, to), from, to);
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int done = REAL(unlink)(path);
    if (done == 0 && below_root(path)) record_path(UNLINK, 0, path);
    pthread_mutex_unlock(&lock);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    pthread_mutex_lock(&lock);
    int done = REAL(mkdir)(path, mode);
    struct stat found;
    if (done == 0 && below_root(path) && stat(path, &found) == 0)
        record_path(MKDIR, found.st_ino, path);
    pthread_mutex_unlock(&lock);
    return done;
}
