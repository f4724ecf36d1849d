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

static char *put_number(char *at, uint64_t value) {
  char digits[20];
  int count = 0;
  do digits[count++] = '0' + value % 10;
  while (value /= 10);
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

/** Copies address and port (network order), also of IPv4 as IPv6 writes it; false for what no server of a case can have. */
static int target_of(const struct sockaddr *to, socklen_t size, uint8_t host[4], uint16_t *port) {
  const struct sockaddr_in *four = (const void *)to;
  const struct sockaddr_in6 *six = (const void *)to;
  if (size >= sizeof *four && to->sa_family == AF_INET) {
    memcpy(host, &four->sin_addr, 4);
    return *port = four->sin_port, 1;
  }
  if (size < sizeof *six || to->sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) return 0;
  memcpy(host, six->sin6_addr.s6_addr + 12, 4);
  return *port = six->sin6_port, 1;
}

/** A limit on the size of files would kill the client for what we write. */
static int has_room(int file, size_t length) {
  struct rlimit limit;
  if (syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) < 0) return 0;
  if (limit.rlim_cur == RLIM_INFINITY) return 1;
  long end = syscall(SYS_lseek, file, 0L, SEEK_END);
  return end >= 0 && (uint64_t)end + length <= limit.rlim_cur;
}

static void note(const uint8_t host[4], uint16_t port) {
  struct timespec now;
  char line[MAX_LINE], *at = put_text(line, "{\"observer\":\"native\",\"connect\":[\"");
  clock_gettime(CLOCK_MONOTONIC, &now);
  for (int part = 0; part < 4; part++) at = put_text(put_number(at, host[part]), part < 3 ? "." : ":");
  at = put_text(put_number(at, ntohs(port)), "\"],\"ns\":\"");
  at = put_text(put_number(at, now.tv_sec * 1000000000ull + now.tv_nsec), "\"}\n");
  // Opened for each line: a client that closes all descriptors would hand the number of ours to somebody else.
  int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return;
  if (has_room(file, at - line)) syscall(SYS_write, file, line, at - line);
  syscall(SYS_close, file);
}

__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *to, socklen_t size) {
  int error = errno;
  uint8_t host[4];
  uint16_t port;
  prepare();
  if (*path && to && starts(fd) && target_of(to, size, host, &port)) note(host, port);
  errno = error;
  return next ? next(fd, to, size) : (int)syscall(SYS_connect, fd, to, size);
}
