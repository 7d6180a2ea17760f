/* Stands between a program and the disk: records what it does to the files of one folder, and lets calls fail.
 *
 * Preloaded (LD_PRELOAD). The environment's FAULTS names a file that holds a `struct control`, shared with the test,
 * which may change it while the program runs. Every call is made, answered and recorded under one lock, so the order
 * of the log is the order in which things happened; what is answered to a mail client as accepted stands in the same
 * log, before it is sent. The log is appended to by raw system calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, OPEN, READ, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, KINDS };
enum { BELIEVED = 1, SWALLOWED = 2, RETRIED = 3 }; /* builds that break the promise */

struct control {
    char folder[512];
    char log[512];
    int64_t kind;       /* which calls fail */
    int64_t nth;        /* 1: the next one; 0: none */
    int64_t error;      /* errno; 0: half of it is written */
    int64_t lasting;    /* 1: and every later one */
    int64_t space;      /* bytes that files may still grow by; negative: without end */
    int64_t sync;       /* 0: syncs are what they are */
    int64_t failed;     /* how many calls were made to fail */
    int64_t kill;       /* 1: the program is killed at a failing call, as soon as that is on record */
};

struct head { /* of a record; path and data follow */
    uint32_t kind, path;
    uint64_t inode, offset, length;
};

static struct control *control;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[4096]; /* by descriptor, of files in the folder */
static char log_name[512];
static int log_fd = -1;

static void __attribute__((constructor)) start(void)
{
    const char *name = getenv("FAULTS");
    int fd = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (at != MAP_FAILED)
        control = at;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int within(const char *path)
{
    size_t length = control ? strlen(control->folder) : 0;
    return length && !strncmp(path, control->folder, length) && (path[length] == '/' || !path[length]);
}

static const char *absolute(int folder, const char *path, char *room)
{
    if (path[0] == '/' || folder != AT_FDCWD)
        return path;
    if (!getcwd(room, PATH_MAX) || strlen(room) + strlen(path) + 2 > PATH_MAX)
        return path;
    strcat(room, "/");
    return strcat(room, path);
}

static const char *watched(int fd)
{
    return control && fd >= 0 && fd < 4096 ? paths[fd] : NULL;
}

static int shared_memory(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && !strcmp(path + length - 4, "-shm");
}

static void record(char kind, const char *path, uint64_t inode, uint64_t offset, const void *data, size_t length)
{
    if (!control || !control->log[0] || shared_memory(path))
        return;
    if (strcmp(log_name, control->log)) {
        if (log_fd >= 0)
            syscall(SYS_close, log_fd);
        strcpy(log_name, control->log);
        int fd = (int)syscall(SYS_openat, AT_FDCWD, log_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 1000); /* far from where programs look */
        if (log_fd >= 0)
            syscall(SYS_close, fd);
        else
            log_fd = fd;
    }
    struct head head = {(uint32_t)kind, (uint32_t)strlen(path), inode, offset, length};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, strlen(path)}, {(void *)data, length}};
    if (syscall(SYS_writev, log_fd, parts, 3) != (long)(sizeof head + strlen(path) + length))
        abort(); /* a log with a gap proves nothing */
}

static uint64_t inode(int fd)
{
    struct stat about;
    return fstat(fd, &about) ? 0 : about.st_ino;
}

static int fails(enum kind kind)
{
    if (!control || control->kind != kind || control->nth < 1 || --control->nth > 0)
        return 0;
    if (control->lasting)
        control->nth = 1;
    control->failed++;
    errno = (int)control->error;
    return 1;
}

static void perhaps_killed(void)
{
    if (control->kill)
        syscall(SYS_kill, getpid(), 9);
}

static int opened(int folder, const char *name, int flags, mode_t mode, int (*real)(int, const char *, int, mode_t))
{
    char room[PATH_MAX];
    const char *path = absolute(folder, name, room);
    if (!control || !within(path))
        return real(folder, name, flags, mode);
    pthread_mutex_lock(&lock);
    int fd = -1;
    struct stat about;
    int there = !stat(path, &about);
    if (!fails(OPEN))
        fd = real(folder, name, flags, mode);
    if (fd >= 0 && fd < 4096) {
        int error = errno;
        free(paths[fd]);
        paths[fd] = strdup(path);
        if (!there && (flags & O_CREAT))
            record('C', path, inode(fd), 0, NULL, 0);
        else if (flags & O_TRUNC)
            record('T', path, inode(fd), 0, NULL, 0);
        errno = error;
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

static int real_openat(int folder, const char *path, int flags, mode_t mode)
{
    return REAL(openat)(folder, path, flags, mode);
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode, real_openat); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode, real_openat); }
int openat(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode, real_openat); }
int openat64(int folder, const char *path, int flags, ...) { MODE return opened(folder, path, flags, mode, real_openat); }

int close(int fd)
{
    if (!watched(fd))
        return REAL(close)(fd);
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = NULL;
    int result = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

static size_t size_within_space(int fd, off_t offset, size_t length)
{
    struct stat about;
    if (control->space < 0 || fstat(fd, &about))
        return length;
    off_t growth = offset + (off_t)length - about.st_size;
    if (growth <= 0)
        return length;
    if (growth > control->space)
        length -= (size_t)(growth - control->space < (off_t)length ? growth - control->space : (off_t)length);
    growth = offset + (off_t)length - about.st_size;
    control->space -= length && growth > 0 ? growth : 0;
    return length;
}

static ssize_t written(int fd, const void *data, size_t length, off_t offset, int positioned)
{
    pthread_mutex_lock(&lock);
    struct stat about;
    if (!positioned)
        offset = REAL(fcntl)(fd, F_GETFL) & O_APPEND && !fstat(fd, &about) ? about.st_size : lseek(fd, 0, SEEK_CUR);
    ssize_t result = -1;
    int failing = fails(WRITE), error = errno;
    size_t part = failing ? (error ? 0 : (length + 1) / 2) : size_within_space(fd, offset, length);
    if (!failing && length && !part) {
        control->failed++;
        error = ENOSPC;
    }
    if (part || !length) {
        result = positioned ? REAL(pwrite)(fd, data, part, offset) : REAL(write)(fd, data, part);
        error = errno;
        if (result > 0)
            record('W', watched(fd), inode(fd), (uint64_t)offset, data, (size_t)result);
    }
    if (failing)
        perhaps_killed();
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

ssize_t write(int fd, const void *data, size_t length)
{
    return watched(fd) ? written(fd, data, length, 0, 0) : REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return watched(fd) ? written(fd, data, length, offset, 1) : REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return pwrite(fd, data, length, offset); }

ssize_t pread64(int fd, void *data, size_t length, off64_t offset)
{
    if (watched(fd)) {
        pthread_mutex_lock(&lock);
        int failing = fails(READ), error = errno;
        pthread_mutex_unlock(&lock);
        errno = error;
        if (failing)
            return -1;
    }
    return REAL(pread64)(fd, data, length, offset);
}

static int synced(int fd)
{
    const char *path = watched(fd);
    if (!path)
        return REAL(fdatasync)(fd);
    pthread_mutex_lock(&lock);
    int result = 0, error = 0;
    if (control->sync == BELIEVED) {
        /* neither made nor on record */
    } else if (fails(SYNC)) {
        error = errno;
        record('F', path, inode(fd), 0, NULL, 0);
        perhaps_killed();
        if (control->sync == RETRIED)
            record('S', path, inode(fd), 0, NULL, 0);
        result = control->sync ? 0 : -1;
    } else { /* the real one takes time and adds nothing: what counts as synced is what the log says */
        record('S', path, inode(fd), 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

int ftruncate64(int fd, off64_t length)
{
    if (!watched(fd))
        return REAL(ftruncate64)(fd, length);
    pthread_mutex_lock(&lock);
    struct stat about;
    int result = -1;
    if (!fails(TRUNCATE)) {
        if (control->space >= 0 && !fstat(fd, &about) && about.st_size > length)
            control->space += about.st_size - length;
        result = REAL(ftruncate64)(fd, length);
        if (!result)
            record('T', watched(fd), inode(fd), (uint64_t)length, NULL, 0);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *name)
{
    char room[PATH_MAX];
    const char *path = absolute(AT_FDCWD, name, room);
    if (!control || !within(path))
        return REAL(unlink)(name);
    pthread_mutex_lock(&lock);
    struct stat about;
    int known = !stat(path, &about), result = -1;
    if (!fails(UNLINK)) {
        result = REAL(unlink)(name);
        if (!result)
            record('U', path, 0, 0, NULL, 0);
        if (!result && known && control->space >= 0)
            control->space += about.st_size;
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

static int moved(char kind, const char *from, const char *to, int (*real)(const char *, const char *))
{
    char room[PATH_MAX], other[PATH_MAX];
    const char *old = absolute(AT_FDCWD, from, room), *new = absolute(AT_FDCWD, to, other);
    if (!control || !within(new))
        return real(from, to);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails(RENAME)) {
        result = real(from, to);
        if (!result)
            record(kind, old, 0, 0, new, strlen(new));
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) { return moved('R', from, to, REAL(rename)); }
int link(const char *from, const char *to) { return moved('L', from, to, REAL(link)); }

int mkdir(const char *name, mode_t mode)
{
    char room[PATH_MAX];
    const char *path = absolute(AT_FDCWD, name, room);
    int result = REAL(mkdir)(name, mode), error = errno;
    if (!result && control && within(path)) {
        pthread_mutex_lock(&lock);
        record('M', path, 0, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return result;
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    static const char accepted[] = "250 2.0.0 Accepted ";
    size_t fixed = sizeof accepted - 1;
    if (control && length > fixed && !memcmp(data, accepted, fixed)) {
        pthread_mutex_lock(&lock);
        record('A', "", 0, 0, (const char *)data + fixed, length - fixed);
        pthread_mutex_unlock(&lock);
    }
    return REAL(send)(fd, data, length, flags);
}
