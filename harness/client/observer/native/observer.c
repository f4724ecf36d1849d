// Preloaded into an unmodified native program: writes down where it connects to over TCP, and changes nothing else.
// System calls are made directly: no cancellation of a thread, no other preload and no lock gets in between.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STATE_CLOSE 7
#define MAX_LINE 128
/** Of the oldest glibc there is for x86-64: what is built here runs on older systems too. */
__asm__(".symver dlsym,dlsym@GLIBC_2.2.5");

typedef int connect_function(int, const struct sockaddr *, socklen_t);

static connect_function *next;
/** Taken when the program is loaded: it may change its environment later. */
static char path[PATH_MAX];

__attribute__((constructor)) static void prepare(void) {
  if (next) return;
  const char *named = getenv("METERPROOF_OBSERVER");
  if (named && strlen(named) < sizeof path) strcpy(path, named);
  next = (connect_function *)dlsym(RTLD_NEXT, "connect");
}

static char *put_text(char *at, const char *text) {
  size_t length = strlen(text);
  memcpy(at, text, length);
  return at + length;
}

static char *put_number(char *at, uint64_t value, unsigned base) {
  char digits[20];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[value % base];
  while (value /= base);
  while (count) *at++ = digits[--count];
  return at;
}

/** True when connecting it begins an attempt: it is TCP, and no SYN of an attempt whose outcome is still to be told has left it. */
static int starts(int fd) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  memset(&info, 0, sizeof info);
  if (syscall(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return 0;
  return info.tcpi_state == STATE_CLOSE && info.tcpi_segs_out == 0;
}

/** Writes address and port, which are in network order; 0 for what no server can have. */
static char *put_target(char *at, const struct sockaddr *to, socklen_t size) {
  const struct sockaddr_in *four = (const void *)to;
  const struct sockaddr_in6 *six = (const void *)to;
  if (size >= sizeof *four && to->sa_family == AF_INET) {
    const uint8_t *host = (const void *)&four->sin_addr;
    for (int part = 0; part < 4; part++) at = put_text(put_number(at, host[part], 10), part < 3 ? "." : ":");
    return put_number(at, ntohs(four->sin_port), 10);
  }
  // The last member is not always given.
  if (size < sizeof *six - sizeof six->sin6_scope_id || to->sa_family != AF_INET6) return 0;
  const uint8_t *host = six->sin6_addr.s6_addr;
  for (int part = 0; part < 16; part += 2) at = put_text(put_number(at, host[part] << 8 | host[part + 1], 16), ":");
  return put_number(at, ntohs(six->sin6_port), 10);
}

/** A limit on the size of files would kill the client for what we write. */
static int has_room(int file, size_t length) {
  struct rlimit limit;
  if (syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) < 0) return 0;
  if (limit.rlim_cur == RLIM_INFINITY) return 1;
  long end = syscall(SYS_lseek, file, 0L, SEEK_END);
  return end >= 0 && (uint64_t)end + length <= limit.rlim_cur;
}

static void note(const struct sockaddr *to, socklen_t size) {
  struct timespec now;
  char line[MAX_LINE], *at = put_target(put_text(line, "{\"observer\":\"native\",\"connect\":[\""), to, size);
  if (!at) return;
  clock_gettime(CLOCK_MONOTONIC, &now);
  at = put_text(at, "\"],\"ns\":\"");
  at = put_text(put_number(at, now.tv_sec * 1000000000ull + now.tv_nsec, 10), "\"}\n");
  // Opened for each line: a client that closes all descriptors would hand the number of ours to somebody else.
  int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return;
  if (has_room(file, at - line)) syscall(SYS_write, file, line, at - line);
  syscall(SYS_close, file);
}

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *to, socklen_t size) {
  int error = errno;
  prepare();
  if (*path && to && starts(fd)) note(to, size);
  errno = error;
  return next ? next(fd, to, size) : (int)syscall(SYS_connect, fd, to, size);
}
