// TCP connections. The harness decides what a connect meets. Until it has, the socket is truly in SYN_SENT: its SYN went to
// a port of ours that answers with a reset, and a filter on the socket drops the answer. Then it is connected again, to
// the bridge of the harness or, without the filter, to the reset: poll, epoll and errors are the kernel's own.
#include "shim.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define BRIDGE 0x7f000001u
/** Nobody listens at the port of the bridge here. */
#define NOBODY 0x7f000002u
#define FASTOPEN_CONNECT 30
#define STATE_CLOSE 7

enum state { NONE, PENDING, OPEN, FAILED };

struct connection {
  enum state state;
  int error;  // of a failed connect that the program has not seen yet
  uint64_t id;
  int known;  // the addresses below are
  union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } peer, local;
};

static struct connection connections[MAX_FD];
static int highest = -1;
static uint32_t made;
static uint16_t bridge_port, order;

static struct connection *find(int fd) {
  return fd >= 0 && fd <= highest && connections[fd].state ? &connections[fd] : 0;
}

int is_connection(int fd) {
  return find(fd) != 0;
}

void connection_closed(int fd) {
  if (fd >= 0 && fd < MAX_FD) connections[fd].state = NONE;
}

void connection_copied(int from, int to) {
  if (!find(from) || to >= MAX_FD) return;
  connections[to] = connections[from];
  if (to > highest) highest = to;
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return RAW(SYS_getsockopt, fd, level, name, &value, &size) < 0 ? -1 : value;
}

/** Connects without waiting, in the address family of the socket. */
static long connect_to(int fd, int family, uint32_t host, uint16_t port) {
  if (family == AF_INET) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
    return RAW(SYS_connect, fd, &to, sizeof to);
  }
  int off = 0;
  RAW(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  uint32_t mapped[4] = {0, 0, htonl(0xffff), htonl(host)};
  memcpy(&to.sin6_addr, mapped, 16);
  return RAW(SYS_connect, fd, &to, sizeof to);
}

static long set_nonblocking(int fd, long flags, int on) {
  return RAW(SYS_fcntl, fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static void detach(int fd) {
  int none = 0;
  struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
  RAW(SYS_setsockopt, fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
  RAW(SYS_connect, fd, &unspecified, sizeof unspecified);
  option(fd, SOL_SOCKET, SO_ERROR);
}

static long start_connect(int fd, const union address *to) {
  static struct sock_filter drop = {BPF_RET | BPF_K, 0, 0, 0};
  struct sock_fprog filter = {1, &drop};
  int family = to->any.sa_family;
  struct connection fresh = {.state = PENDING, .known = 1, .peer = *to};
  socklen_t size = sizeof fresh.local;
  RAW(SYS_getsockname, fd, &fresh.local, &size);
  long flags = RAW(SYS_fcntl, fd, F_GETFL, 0);
  if (RAW(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
    broken("the kernel takes no filter on a socket");
  set_nonblocking(fd, flags, 1);
  long result = connect_to(fd, family, NOBODY, bridge_port);
  RAW(SYS_fcntl, fd, F_SETFL, flags);
  if (result != -EINPROGRESS) return detach(fd), result;
  fresh.id = (uint64_t)RAW(SYS_getpid) << 32 | ++made;
  struct {
    uint32_t family;
    uint8_t bytes[16];
  } wanted = {family == AF_INET ? 4 : 6, {0}};
  uint16_t port;
  uint16_t own = htons(32768 + (order * 64u + made) % 28000);
  if (family == AF_INET) {
    memcpy(wanted.bytes, &to->four.sin_addr, 4);
    port = ntohs(to->four.sin_port);
    if (!fresh.local.four.sin_port) fresh.local.four.sin_port = own;
    if (!fresh.local.four.sin_addr.s_addr) fresh.local.four.sin_addr.s_addr = htonl(BRIDGE);
  } else {
    memcpy(wanted.bytes, &to->six.sin6_addr, 16);
    port = ntohs(to->six.sin6_port);
    if (!fresh.local.six.sin6_port) fresh.local.six.sin6_port = own;
    if (IN6_IS_ADDR_UNSPECIFIED(&fresh.local.six.sin6_addr)) {
      uint32_t mapped[4] = {0, 0, htonl(0xffff), htonl(BRIDGE)};
      if (IN6_IS_ADDR_V4MAPPED(&to->six.sin6_addr)) memcpy(&fresh.local.six.sin6_addr, mapped, 16);
      else fresh.local.six.sin6_addr = in6addr_loopback;
    }
  }
  connections[fd] = fresh;
  if (fd > highest) highest = fd;
  tell(UP_CONNECT, fresh.id, port, &wanted, sizeof wanted);
  return -EINPROGRESS;
}

static int settled(void *what) {
  return ((struct connection *)what)->state != PENDING;
}

/** What a second connect on a socket whose first one has failed returns, once. */
static long take_error(int fd, struct connection *connection) {
  int error = connection->error;
  long flags = RAW(SYS_fcntl, fd, F_GETFL, 0);
  set_nonblocking(fd, flags, 1);
  connect_to(fd, connection->peer.any.sa_family, NOBODY, bridge_port);
  RAW(SYS_fcntl, fd, F_SETFL, flags);
  connection->state = NONE;
  return -error;
}

static long finish_connect(const struct call *call, int fd) {
  struct connection *connection = &connections[fd];
  struct timeval limit = {0, 0};
  socklen_t size = sizeof limit;
  RAW(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size);
  nanos timeout = limit.tv_sec * SECOND + limit.tv_usec * 1000LL;
  nanos deadline = timeout ? after(timeout) : FOREVER;
  enum outcome outcome = wait_until(CLIENT_MASK(call), WAIT_FILE, deadline, settled, connection);
  if (outcome == LATE) return -EINPROGRESS;
  if (outcome == INTERRUPTED) return restarted();
  return connection->state == OPEN ? 0 : take_error(fd, connection);
}

static long connect_call(const struct call *call) {
  int fd = call->args[0];
  union address to;
  size_t size = call->args[2];
  memset(&to, 0, sizeof to);
  if (size < sizeof(sa_family_t)) return pass(call);
  memcpy(&to, (void *)call->args[1], size < sizeof to ? size : sizeof to);
  int family = to.any.sa_family;
  if (family != AF_INET && family != AF_INET6) return pass(call);
  if (size < (family == AF_INET ? sizeof to.four : sizeof to.six - 4)) return -EINVAL;
  int domain = option(fd, SOL_SOCKET, SO_DOMAIN);
  if (domain < 0) return pass(call);
  if (domain != family) return domain == AF_INET6 ? -EINVAL : -EAFNOSUPPORT;
  // Datagrams go nowhere: names are not asked for on the network, and servers speak TCP.
  if (option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) return -ENETUNREACH;
  if (fd >= MAX_FD) broken("a connection on a descriptor above 4095");
  struct connection *connection = find(fd);
  if (connection && connection->state == FAILED) return take_error(fd, connection);
  if (connection && connection->state == OPEN) return -EISCONN;
  if (connection && nonblocking(fd)) return -EALREADY;
  if (!connection) {
    long result = start_connect(fd, &to);
    if (result != -EINPROGRESS || nonblocking(fd)) return result;
  }
  return finish_connect(call, fd);
}

static void conclude(int fd, struct connection *connection, int error) {
  int family = connection->peer.any.sa_family;
  long flags = RAW(SYS_fcntl, fd, F_GETFL, 0);
  detach(fd);
  set_nonblocking(fd, flags, error);
  long result = connect_to(fd, family, error ? NOBODY : BRIDGE, bridge_port);
  RAW(SYS_fcntl, fd, F_SETFL, flags);
  if (!error && result < 0) broken("the bridge of the harness does not answer");
  // The reset comes at once; until it has come the socket is not what it pretends to be.
  struct pollfd one = {fd, 0, 0};
  if (error) RAW(SYS_ppoll, &one, 1, 0, 0, 8);
}

static void decided(uint64_t id, int error) {
  int done = 0;
  for (int fd = 0; fd <= highest; fd++) {
    struct connection *connection = &connections[fd];
    if (connection->id != id || connection->state != PENDING) continue;
    if (!done) conclude(fd, connection, error);
    connection->state = error ? FAILED : OPEN;
    connection->error = error;
    if (done++ || error) continue;
    struct sockaddr_in6 local;
    socklen_t size = sizeof local;
    RAW(SYS_getsockname, fd, &local, &size);
    tell(UP_BRIDGED, id, ntohs(local.sin6_port), 0, 0);
  }
}

static int look(int fd, struct tcp_info *info) {
  socklen_t size = sizeof *info;
  memset(info, 0, sizeof *info);
  return RAW(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, info, &size);
}

static int arrived(const struct tcp_info *info, const struct event *event) {
  if (info->tcpi_state == STATE_CLOSE) return 1;
  if (event->flags & DELIVERED_RESET || info->tcpi_bytes_received < event->value) return 0;
  // CLOSE_WAIT, LAST_ACK, CLOSING, TIME_WAIT: the other side has ended.
  return !(event->flags & DELIVERED_END) || (1 << info->tcpi_state & (1 << 6 | 1 << 8 | 1 << 9 | 1 << 11));
}

/** What the harness has sent is here before the program looks: counted by the kernel, never hoped for. */
static void await_arrival(const struct event *event) {
  struct timespec moment = {0, 20000};
  struct tcp_info info;
  for (int fd = 0; fd <= highest; fd++) {
    if (connections[fd].id != event->id || connections[fd].state != OPEN) continue;
    while (look(fd, &info) == 0 && !arrived(&info, event)) RAW(SYS_nanosleep, &moment, 0);
    return;
  }
}

/** After exec: which descriptor is the connection. */
static void take_over(uint64_t id, uint16_t port) {
  for (int fd = 0; fd < MAX_FD; fd++) {
    struct sockaddr_in6 local;
    socklen_t size = sizeof local;
    if (RAW(SYS_getsockname, fd, &local, &size) < 0) continue;
    if (local.sin6_family != AF_INET && local.sin6_family != AF_INET6) continue;
    if (ntohs(local.sin6_port) != port || option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) continue;
    connections[fd] = (struct connection){.state = OPEN, .id = id};
    if (fd > highest) highest = fd;
  }
}

void take_event(const struct event *event) {
  switch (event->type) {
    case EVENT_SEED: seed_random(event->value); break;
    case EVENT_BRIDGE: bridge_port = event->value; break;
    case EVENT_ORDER: order = event->value; break;
    case EVENT_RUN_START: run_start = event->value; break;
    case EVENT_HELD: take_over(event->id, event->value); break;
    case EVENT_CONNECTED: decided(event->id, 0); break;
    case EVENT_REFUSED: decided(event->id, ECONNREFUSED); break;
    case EVENT_TIMED_OUT: decided(event->id, ETIMEDOUT); break;
    case EVENT_DELIVERED: await_arrival(event); break;
  }
}

uint32_t report_connections(struct connection_report *reports, uint32_t room) {
  uint32_t count = 0;
  for (int fd = 0; fd <= highest && count < room; fd++) {
    struct connection *connection = &connections[fd];
    struct tcp_info info;
    int unread = 0;
    if (connection->state != PENDING && connection->state != OPEN) continue;
    if (look(fd, &info) < 0) continue;
    RAW(SYS_ioctl, fd, FIONREAD, &unread);
    int ended = 1 << info.tcpi_state & (1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 11);
    int flags = connection->state == PENDING ? CONNECTION_PENDING : ended ? CONNECTION_ENDED : 0;
    uint64_t written = info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
    reports[count++] = (struct connection_report){connection->id, flags, unread, written, info.tcpi_bytes_received};
  }
  return count;
}

static long show_address(const struct call *call, const union address *address) {
  socklen_t *size = (void *)call->args[2];
  socklen_t length = address->any.sa_family == AF_INET ? sizeof address->four : sizeof address->six;
  memcpy((void *)call->args[1], address, *size < length ? *size : length);
  *size = length;
  return 0;
}

static long name_call(const struct call *call) {
  struct connection *connection = find(call->args[0]);
  if (!connection || !connection->known) return pass(call);
  if (call->number == SYS_getsockname) return show_address(call, &connection->local);
  return connection->state == OPEN ? show_address(call, &connection->peer) : -ENOTCONN;
}

static long set_option(const struct call *call) {
  long level = call->args[1], name = call->args[2];
  if (level == IPPROTO_TCP && name == FASTOPEN_CONNECT) return -ENOPROTOOPT;
  // Buffers do not shape the virtual network, and what the harness delivers has to find room.
  int sized = level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE);
  if (sized && option(call->args[0], SOL_SOCKET, SO_TYPE) == SOCK_STREAM) return 0;
  return pass(call);
}

static long get_option(const struct call *call) {
  struct connection *connection = find(call->args[0]);
  int pending_error = call->args[1] == SOL_SOCKET && call->args[2] == SO_ERROR && connection && connection->state == FAILED;
  long result = pass(call);
  if (!pending_error || result < 0) return result;
  *(int *)call->args[3] = connection->error;
  connection->state = NONE;
  return 0;
}

static int is_datagram(const struct sockaddr *to) {
  return to && (to->sa_family == AF_INET || to->sa_family == AF_INET6);
}

static long send_call(const struct call *call) {
  const long *a = call->args;
  int fd = a[0], message = call->number == SYS_sendmsg;
  long flags = message ? a[2] : a[3];
  const struct sockaddr *to = message ? ((struct msghdr *)a[1])->msg_name : (void *)a[4];
  if (flags & MSG_FASTOPEN) return -EOPNOTSUPP;
  if (is_connection(fd)) return pass(call);
  if (is_datagram(to) && option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) return -ENETUNREACH;
  // To a process of the client: it has to have a turn to make room.
  struct call now_or_never = *call;
  now_or_never.args[message ? 2 : 3] |= MSG_DONTWAIT;
  long done = 0;
  for (;;) {
    long result = pass(&now_or_never);
    if (flags & MSG_DONTWAIT || nonblocking(fd)) return result;
    if (result >= 0 && (message || done + result == a[2])) return done + result;
    if (result >= 0) {
      done += result;
      now_or_never.args[1] += result;
      now_or_never.args[2] -= result;
    } else if (result != -EAGAIN) {
      return done ? done : result;
    }
    enum outcome outcome = wait_fd(call, fd, POLLOUT, SO_SNDTIMEO);
    if (outcome != READY) return done ? done : RESULT_OF_WAIT(outcome, -EAGAIN);
  }
}

static long receive_call(const struct call *call) {
  int at = call->number == SYS_recvmsg ? 2 : 3, fd = call->args[0];
  long flags = call->args[at], done = 0;
  int all = call->number == SYS_recvfrom && flags & MSG_WAITALL && !(flags & MSG_PEEK);
  struct call now_or_never = *call;
  now_or_never.args[at] = (flags & ~(long)MSG_WAITALL) | MSG_DONTWAIT;
  if (call->number == SYS_recvmmsg) now_or_never.args[4] = 0;
  for (;;) {
    long result = pass(&now_or_never);
    if (result == -EAGAIN && (flags & (MSG_DONTWAIT | MSG_ERRQUEUE) || nonblocking(fd))) return spin(50), result;
    if (result > 0 && all && done + result < call->args[2]) {
      done += result;
      now_or_never.args[1] += result;
      now_or_never.args[2] -= result;
      continue;
    }
    if (result != -EAGAIN) return result < 0 && done ? done : done + result;
    enum outcome outcome = wait_fd(call, fd, POLLIN, SO_RCVTIMEO);
    if (outcome != READY) return done ? done : RESULT_OF_WAIT(outcome, -EAGAIN);
  }
}

static long accept_call(const struct call *call) {
  int fd = call->args[0];
  if (!fd_ready(fd, POLLIN) && !nonblocking(fd)) {
    enum outcome outcome = wait_fd(call, fd, POLLIN, SO_RCVTIMEO);
    if (outcome != READY) return RESULT_OF_WAIT(outcome, -EAGAIN);
  }
  return pass(call);
}

long socket_call(const struct call *call, int *handled) {
  *handled = 1;
  switch (call->number) {
    case SYS_connect: return connect_call(call);
    case SYS_getpeername:
    case SYS_getsockname: return name_call(call);
    case SYS_setsockopt: return set_option(call);
    case SYS_getsockopt: return get_option(call);
    case SYS_sendto:
    case SYS_sendmsg: return send_call(call);
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg: return receive_call(call);
    case SYS_accept:
    case SYS_accept4: return accept_call(call);
  }
  return *handled = 0;
}
