/* Makes the disk of a server slow: preloaded into PostgreSQL, it delays calls on files whose path has a word in it.
 *
 *   STORMDB_SLOW_SYNC   "WORD:MICROSECONDS" before fdatasync and fsync
 *   STORMDB_SLOW_READ   the same before pread and preadv, one process at a time
 *   STORMDB_SLOW_WRITE  the same before pwrite and pwritev
 *   STORMDB_SLOW_QUEUE  the file that the processes queue at
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct delay {
    const char *variable;
    char word[64];
    long microseconds; /* -1: not read yet */
};

static struct delay on_sync = {"STORMDB_SLOW_SYNC", "", -1};
static struct delay on_read = {"STORMDB_SLOW_READ", "", -1};
static struct delay on_write = {"STORMDB_SLOW_WRITE", "", -1};

static void learn(struct delay *delay)
{
    const char *value = getenv(delay->variable);
    const char *colon = value ? strrchr(value, ':') : NULL;
    size_t length = colon ? (size_t)(colon - value) : 0;
    delay->microseconds = 0;
    if (colon && length < sizeof delay->word) {
        memcpy(delay->word, value, length);
        delay->word[length] = '\0';
        delay->microseconds = atol(colon + 1);
    }
}

static int concerns(const struct delay *delay, int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = '\0';
    return strstr(path, delay->word) != NULL;
}

static void rest(long microseconds)
{
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    while (nanosleep(&time, &time) != 0)
        ;
}

/* A lock belongs to an open file: each process needs its own. */
static int queue(void)
{
    static int fd = -1;
    static pid_t owner = 0;
    const char *path = getenv("STORMDB_SLOW_QUEUE");
    if (owner != getpid() && path) {
        fd = open(path, O_RDWR | O_CLOEXEC);
        owner = getpid();
    }
    return fd;
}

static void hold_up(struct delay *delay, int fd, int in_line)
{
    if (delay->microseconds < 0)
        learn(delay);
    if (delay->microseconds == 0 || !concerns(delay, fd))
        return;
    int line = in_line ? queue() : -1;
    if (line >= 0)
        while (flock(line, LOCK_EX) != 0)
            ;
    rest(delay->microseconds);
    if (line >= 0)
        flock(line, LOCK_UN);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define SYNC(name) \
    int name(int fd) \
    { \
        REAL(name); \
        hold_up(&on_sync, fd, 0); \
        return real(fd); \
    }

#define ONE(name, delay, buffer, offset) \
    ssize_t name(int fd, buffer bytes, size_t length, offset at) \
    { \
        REAL(name); \
        hold_up(&delay, fd, 1); \
        return real(fd, bytes, length, at); \
    }

#define MANY(name, delay, offset) \
    ssize_t name(int fd, const struct iovec *parts, int count, offset at) \
    { \
        REAL(name); \
        hold_up(&delay, fd, 1); \
        return real(fd, parts, count, at); \
    }

SYNC(fdatasync)
SYNC(fsync)
ONE(pread, on_read, void *, off_t)
ONE(pread64, on_read, void *, off64_t)
ONE(pwrite, on_write, const void *, off_t)
ONE(pwrite64, on_write, const void *, off64_t)
MANY(preadv, on_read, off_t)
MANY(preadv64, on_read, off64_t)
MANY(pwritev, on_write, off_t)
MANY(pwritev64, on_write, off64_t)
