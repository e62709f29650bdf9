/* What a process does to the files of one folder: counted, logged, failed or killed.
 *
 * LD_PRELOAD. FAULT_UNDER names the folder; nothing else is touched. `fault_arm` chooses what
 * happens: 0 nothing, 1 count, 2 kill before operation `at`, 3 fail it with `error`, once or from
 * then on, 4 log all with their data to the file descriptor `at`. `fault_mark` notes an
 * acknowledged answer in the log. A connection to any network address is told in FAULT_NET. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int mode, error_, sticky;
static long at, count;

void fault_arm(int new_mode, long new_at, int new_error, int new_sticky) {
    mode = new_mode; at = new_at; error_ = new_error; sticky = new_sticky; count = 0;
}
long fault_count(void) { return count; }

static ssize_t (*real_write)(int, const void *, size_t);
#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

struct head { char op; uint8_t name; uint32_t length; int64_t offset; } __attribute__((packed));

static void note(char op, const char *path, int64_t offset, const void *data, size_t length) {
    if (mode != 4) return;
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    const char *name = strrchr(path, '/'); name = name ? name + 1 : path;
    struct head h = { op, (uint8_t)strlen(name), (uint32_t)length, offset };
    if (real_write((int)at, &h, sizeof h) < 0 || real_write((int)at, name, h.name) < 0) abort();
    if (length && real_write((int)at, data, length) < 0) abort();
}
void fault_mark(long number) { note('a', "ack", number, "", 0); }

static int ours(const char *path) {
    const char *under = getenv("FAULT_UNDER");
    return mode && under && !strncmp(path, under, strlen(under));
}
static int fd_path(int fd, char *path) {
    char link[64]; snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 4095); if (n < 0) return 0;
    path[n] = 0; return ours(path);
}
/* True where the operation has to fail. */
static int due(void) {
    count++;
    if (mode == 2 && count == at) kill(getpid(), SIGKILL);
    if (mode == 3 && (count == at || (sticky && count > at))) { errno = error_; return 1; }
    return 0;
}

ssize_t write(int fd, const void *data, size_t length) {
    REAL(write); char path[4096];
    if (fd_path(fd, path)) { if (due()) return -1; note('w', path, lseek(fd, 0, SEEK_CUR), data, length); }
    return real(fd, data, length);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    REAL(pwrite64); char path[4096];
    if (fd_path(fd, path)) { if (due()) return -1; note('w', path, offset, data, length); }
    return real(fd, data, length, offset);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }
static int synced(int fd) {
    char path[4096];
    if (fd_path(fd, path)) { if (due()) return -1; note('s', path, 0, "", 0); }
    return 0;
}
int fsync(int fd) { REAL(fsync); return synced(fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return synced(fd) ? -1 : real(fd); }
int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64); char path[4096];
    if (fd_path(fd, path)) { if (due()) return -1; note('t', path, length, "", 0); }
    return real(fd, length);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
int unlink(const char *path) {
    REAL(unlink);
    if (ours(path)) { if (due()) return -1; note('u', path, 0, "", 0); }
    return real(path);
}
int rename(const char *from, const char *to) {
    REAL(rename);
    if (ours(from)) {
        if (due()) return -1;
        const char *name = strrchr(to, '/'); name = name ? name + 1 : to;
        note('r', from, 0, name, strlen(name));
    }
    return real(from, to);
}
int connect(int fd, const struct sockaddr *where, socklen_t length) {
    REAL(connect); const char *net = getenv("FAULT_NET");
    if (net && where->sa_family != AF_UNIX) { int f = open(net, O_CREAT | O_WRONLY | O_APPEND, 0600); close(f); }
    return real(fd, where, length);
}
