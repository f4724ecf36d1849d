// A listener with a full backlog: to a SYN that is sent to it the kernel answers nothing, and the socket that sent it stays
// in SYN_SENT. That asks for no privilege; a filter on a socket, which would do the same, wants CAP_NET_ADMIN on newer kernels.
#include "connection.h"
#include <linux/tcp.h>
#include <sys/socket.h>

int full_listener = -1;
static uint16_t port;

static long open_one(void) {
  long fd = open_ours(AF_INET);
  if (fd < 0) broken("a process that has no descriptor left for its first connection, nor may raise its limit");
  return fd;
}

/** One more that nobody accepts. It stays in the backlog when it is reset: nothing of it is left to time out. */
static void add(const struct sockaddr_in *to, uint32_t waiting) {
  struct timespec moment = {0, 20000};
  struct linger reset = {1, 0};
  struct tcp_info info;
  long fd = open_one();
  RAW(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (RAW(SYS_connect, fd, to, sizeof *to) < 0) broken("the shim cannot reach a listener of its own");
  while (look(full_listener, &info) == 0 && info.tcpi_unacked <= waiting) RAW(SYS_nanosleep, &moment, 0);
  RAW(SYS_close, fd);
}

/** Of this process, and of what it forks; a program that is executed makes another. */
uint16_t full_port(void) {
  if (full_listener >= 0) return port;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(FULL)};
  socklen_t size = sizeof at;
  struct tcp_info info;
  full_listener = open_one();
  // A backlog of one: one of none would have the kernel warn of a flood.
  if (RAW(SYS_bind, full_listener, &at, size) < 0 || RAW(SYS_listen, full_listener, 1) < 0 ||
      RAW(SYS_getsockname, full_listener, &at, &size) < 0)
    broken("the shim cannot listen on 127.0.0.3");
  // Of a listener these are how many wait for accept, and for how many there is room: one more than that are taken.
  while (look(full_listener, &info) == 0 && info.tcpi_unacked <= info.tcpi_sacked) add(&at, info.tcpi_unacked);
  return port = ntohs(at.sin_port);
}
