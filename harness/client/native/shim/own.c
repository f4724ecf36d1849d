// Connections of a program to a listener of its own: the kernel's own, and no time passes in them, as in a pipe. What was sent
// has arrived before anybody else has a turn: counted by the kernel, never hoped for.
#include "connection.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#define STATE_ESTABLISHED 1
#define STATE_SYN_SENT 2
/** Looks of 20 µs each or more: nothing of what they are for takes as long as one. */
#define MANY_LOOKS 20000
#define FEW_LOOKS 100

/** An address and port, of either family. */
struct place {
  struct in6_addr host;
  uint16_t port;
};

/** There has been such a connection. */
static int in_use;

static struct place place_of(const union address *address) {
  struct place place = {.port = address->four.sin_port};
  if (address->any.sa_family == AF_INET6) {
    place.host = address->six.sin6_addr;
  } else {
    place.host.s6_addr[10] = place.host.s6_addr[11] = 0xff;
    memcpy(&place.host.s6_addr[12], &address->four.sin_addr, 4);
  }
  return place;
}

static int same(const struct place *a, const struct place *b) {
  return a->port == b->port && !memcmp(&a->host, &b->host, sizeof a->host);
}

static int is_any(const struct in6_addr *host) {
  return IN6_IS_ADDR_UNSPECIFIED(host) || (IN6_IS_ADDR_V4MAPPED(host) && !host->s6_addr32[3]);
}

/** Servers of a case have other addresses of the loopback than the usual one. */
static int is_usual(const struct in6_addr *host) {
  return IN6_IS_ADDR_LOOPBACK(host) || (IN6_IS_ADDR_V4MAPPED(host) && host->s6_addr32[3] == htonl(INADDR_LOOPBACK));
}

static struct place end_of(long call, int fd) {
  union address address = {0};
  socklen_t size = sizeof address;
  RAW(call, fd, &address, &size);
  return place_of(&address);
}

static enum state state_of(int fd) {
  return fd >= 0 && fd < MAX_FD ? connections[fd].state : NONE;
}

static void mark(int fd, enum state state) {
  if (fd < 0 || fd >= MAX_FD || find_connection(fd)) return;
  connections[fd] = (struct connection){.state = state};
  if (fd > highest) highest = fd;
  in_use |= state == OWN;
}

long listen_call(const struct call *call) {
  int domain = socket_option(call->args[0], SOL_SOCKET, SO_DOMAIN);
  long result = pass(call);
  if (result == 0 && (domain == AF_INET || domain == AF_INET6)) mark(call->args[0], LISTENING);
  return result;
}

/** The descriptor that listens there; -1: none. */
int own_listener(const union address *to) {
  struct place wanted = place_of(to);
  for (int fd = 0; fd <= highest; fd++) {
    if (connections[fd].state != LISTENING) continue;
    struct place at = end_of(SYS_getsockname, fd);
    if (same(&at, &wanted) || (at.port == wanted.port && is_any(&at.host) && is_usual(&wanted.host))) return fd;
  }
  return -1;
}

static int moment(int looks) {
  struct timespec time = {0, 20000};
  if (looks <= 0) return 0;
  RAW(SYS_nanosleep, &time, 0);
  return 1;
}

long connect_own(const struct call *call, int listener) {
  int fd = call->args[0], looks = MANY_LOOKS;
  struct tcp_info info;
  look(listener, &info);
  // Of a listener: how many wait to be accepted.
  uint32_t before = info.tcpi_unacked;
  long flags = RAW(SYS_fcntl, fd, F_GETFL, 0);
  RAW(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
  long result = pass(call);
  while (look(fd, &info) == 0 && info.tcpi_state == STATE_SYN_SENT && moment(looks--)) continue;
  if (info.tcpi_state == STATE_SYN_SENT) broken("a connection to a listener of its own process that accepts no more");
  if (info.tcpi_state == STATE_ESTABLISHED)
    while (look(listener, &info) == 0 && info.tcpi_unacked == before && moment(looks--)) continue;
  RAW(SYS_fcntl, fd, F_SETFL, flags);
  mark(fd, OWN);
  return result == -EINPROGRESS && !(flags & O_NONBLOCK) ? pass(call) : result;
}

void accepted(int listener, long fd) {
  if (fd >= 0 && state_of(listener) == LISTENING) mark(fd, OWN);
}

/** The other end; -1: not in this process. */
int own_peer(int fd) {
  if (state_of(fd) != OWN) return -1;
  struct place here = end_of(SYS_getsockname, fd), there = end_of(SYS_getpeername, fd);
  for (int other = 0; other <= highest; other++) {
    if (other == fd || connections[other].state != OWN) continue;
    struct place local = end_of(SYS_getsockname, other), remote = end_of(SYS_getpeername, other);
    if (same(&local, &there) && same(&remote, &here)) return other;
  }
  return -1;
}

/** The other end of `peer` was closed: it sees that now, unless somebody else has that descriptor too. */
void await_end(int peer) {
  struct tcp_info info;
  int looks = FEW_LOOKS;
  while (peer >= 0 && look(peer, &info) == 0 && info.tcpi_state == STATE_ESTABLISHED && moment(looks--)) continue;
}

/** Acknowledgements may be late: at an end in this process what has come is counted. */
static int has_come(int fd, const struct tcp_info *info) {
  struct tcp_info other;
  int peer = own_peer(fd);
  return peer >= 0 && look(peer, &other) == 0 && other.tcpi_bytes_received >= info->tcpi_bytes_sent - info->tcpi_bytes_retrans;
}

void settle_own(void) {
  struct tcp_info info;
  for (int fd = 0; in_use && fd <= highest; fd++)
    while (connections[fd].state == OWN && look(fd, &info) == 0 && info.tcpi_unacked && !has_come(fd, &info)) moment(1);
}
