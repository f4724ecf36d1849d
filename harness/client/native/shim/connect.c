// TCP connections. The harness decides what a connect meets. Until it has, the socket is truly in SYN_SENT: its SYN went to
// a listener of ours with a full backlog, which answers nothing. Then it is connected again, to the bridge of the harness
// or to a port that answers with a reset: poll, epoll and errors are the kernel's own.
#include "connection.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define BRIDGE 0x7f000001u
/** Nobody listens at the port of the bridge here. */
#define NOBODY 0x7f000002u
/** The most that Linux takes: some hours. */
#define MAX_ATTEMPTS 127
#define STATE_SYN_SENT 2
#define STATE_CLOSE 7

struct connection connections[MAX_FD];
int highest = -1;
static uint32_t made;
static uint16_t bridge_port, order;

struct connection *find_connection(int fd) {
  int known = fd >= 0 && fd <= highest && connections[fd].state != NONE && connections[fd].state < LISTENING;
  return known ? &connections[fd] : 0;
}

int is_connection(int fd) {
  return find_connection(fd) != 0;
}

static const char sent_away[] = "a connection that it hands to another process and closes";

/** Who receives it does not know what it is. */
void connection_sent(int fd) {
  struct connection *connection = find_connection(fd);
  if (!connection) return;
  if (connection->state == PENDING) broken(sent_away);
  connection->sent = 1;
}

void connection_closed(int fd) {
  if (fd < 0 || fd >= MAX_FD) return;
  if (find_connection(fd) && connections[fd].sent) broken(sent_away);
  connections[fd].state = connections[fd].known = NONE;
}

void connection_copied(int from, int to) {
  if (from < 0 || from > highest || connections[from].state == NONE || to >= MAX_FD) return;
  connections[to] = connections[from];
  if (to > highest) highest = to;
}

int socket_option(int fd, int level, int name) {
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
  struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
  RAW(SYS_connect, fd, &unspecified, sizeof unspecified);
  socket_option(fd, SOL_SOCKET, SO_ERROR);
}

/** The address that the client sees itself at. */
static void name_locally(struct connection *connection, int family) {
  uint16_t port = htons(32768 + (order * 64u + made) % 28000);
  if (family == AF_INET) {
    struct sockaddr_in *local = &connection->local.four;
    if (!local->sin_port) local->sin_port = port;
    if (!local->sin_addr.s_addr) local->sin_addr.s_addr = htonl(BRIDGE);
    return;
  }
  struct sockaddr_in6 *local = &connection->local.six;
  uint32_t mapped[4] = {0, 0, htonl(0xffff), htonl(BRIDGE)};
  if (!local->sin6_port) local->sin6_port = port;
  if (!IN6_IS_ADDR_UNSPECIFIED(&local->sin6_addr)) return;
  if (IN6_IS_ADDR_V4MAPPED(&connection->peer.six.sin6_addr)) memcpy(&local->sin6_addr, mapped, 16);
  else local->sin6_addr = in6addr_loopback;
}

/** How long the program would wait for an answer to its SYN, ms; 0: it has not said. */
static uint32_t patience_of(const struct connection *connection) {
  const struct patience *patience = &connection->patience;
  uint32_t patience_ms = 0;
  // Linux waits 1 s for the first answer, and each time twice as long.
  if (patience->attempts != socket_option(full_listener, IPPROTO_TCP, TCP_SYNCNT) && patience->attempts < 20)
    patience_ms = ((2u << patience->attempts) - 1) * 1000;
  uint32_t user_timeout = patience->user_timeout > 0 && patience->user_timeout < 1000 ? 1000 : patience->user_timeout;
  return user_timeout && (!patience_ms || user_timeout < patience_ms) ? user_timeout : patience_ms;
}

static void set_patience(int fd, struct patience patience) {
  RAW(SYS_setsockopt, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience.user_timeout, sizeof(int));
  RAW(SYS_setsockopt, fd, IPPROTO_TCP, TCP_SYNCNT, &patience.attempts, sizeof(int));
}

/** Asks the harness, which hears with it how far the other connections had come: what was closed before this one. */
static void ask(struct connection *connection, int family, uint64_t cookie) {
  static struct {
    struct wanted_address address;
    struct connection_report reports[MAX_REPORTS];
  } payload;
  const union address *to = &connection->peer;
  payload.address.family = family == AF_INET ? 4 : 6;
  memcpy(payload.address.bytes, family == AF_INET ? (void *)&to->four.sin_addr : (void *)&to->six.sin6_addr,
         family == AF_INET ? 4 : 16);
  payload.address.cookie = cookie;
  payload.address.patience = patience_of(connection);
  uint32_t count = report_connections(payload.reports, MAX_REPORTS);
  uint16_t port = ntohs(family == AF_INET ? to->four.sin_port : to->six.sin6_port);
  tell(UP_CONNECT, connection->id, port, &payload, sizeof payload.address + count * sizeof *payload.reports);
}

static uint64_t cookie_of(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  RAW(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, &cookie, &size);
  return cookie;
}

static long wait_in_backlog(int fd, int family) {
  long flags = RAW(SYS_fcntl, fd, F_GETFL, 0);
  uint16_t port = full_port();
  set_nonblocking(fd, flags, 1);
  // Real time is not what this attempt ends by.
  set_patience(fd, (struct patience){0, MAX_ATTEMPTS});
  long result = connect_to(fd, family, FULL, port);
  RAW(SYS_fcntl, fd, F_SETFL, flags);
  return result;
}

static long start_connect(int fd, const union address *to) {
  int family = to->any.sa_family;
  struct connection fresh = {.state = PENDING, .known = 1, .peer = *to};
  socklen_t size = sizeof fresh.local;
  RAW(SYS_getsockname, fd, &fresh.local, &size);
  // The kernel's own number, which an attempt that failed leaves behind, is another in each run.
  if (connections[fd].known) fresh.local.four.sin_port = connections[fd].local.four.sin_port;
  fresh.patience.user_timeout = socket_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT);
  fresh.patience.attempts = socket_option(fd, IPPROTO_TCP, TCP_SYNCNT);
  long result = wait_in_backlog(fd, family);
  // Bound to ::1, it reaches no address of IPv4, where we are.
  if (result == -ENETUNREACH) broken("a connection from a socket that is bound to an address of IPv6");
  if (result != -EINPROGRESS) return detach(fd), set_patience(fd, fresh.patience), result;
  fresh.id = (uint64_t)RAW(SYS_getpid) << 32 | ++made;
  name_locally(&fresh, family);
  connections[fd] = fresh;
  if (fd > highest) highest = fd;
  ask(&connections[fd], family, cookie_of(fd));
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

long connect_call(const struct call *call) {
  int fd = call->args[0];
  union address to;
  size_t size = call->args[2];
  memset(&to, 0, sizeof to);
  if (size < sizeof(sa_family_t)) return pass(call);
  memcpy(&to, (void *)call->args[1], size < sizeof to ? size : sizeof to);
  int family = to.any.sa_family;
  if (family != AF_INET && family != AF_INET6) return pass(call);
  if (size < (family == AF_INET ? sizeof to.four : sizeof to.six - 4)) return -EINVAL;
  int domain = socket_option(fd, SOL_SOCKET, SO_DOMAIN);
  if (domain < 0) return pass(call);
  if (domain != family) return domain == AF_INET6 ? -EINVAL : -EAFNOSUPPORT;
  // Datagrams go nowhere: names are not asked for on the network, and servers speak TCP.
  if (socket_option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) return -ENETUNREACH;
  if (fd >= MAX_FD) broken("a connection on a descriptor above 4095");
  struct connection *connection = find_connection(fd);
  if (connection && connection->state == FAILED) return take_error(fd, connection);
  if (connection && connection->state == OPEN) return -EISCONN;
  if (connection && nonblocking(fd)) return -EALREADY;
  int listener = connection ? -1 : own_listener(&to);
  if (listener >= 0) return connect_own(call, listener);
  if (connections[fd].state == OWN) return pass(call);
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
  set_patience(fd, connection->patience);
  set_nonblocking(fd, flags, error);
  long result = connect_to(fd, family, error ? NOBODY : BRIDGE, bridge_port);
  RAW(SYS_fcntl, fd, F_SETFL, flags);
  if (!error && result < 0) broken("the bridge of the harness does not answer");
  // The reset comes at once; until it has come the socket is not what it pretends to be.
  struct pollfd one = {fd, 0, 0};
  if (error) RAW(SYS_ppoll, &one, 1, 0, 0, 8);
}

static int is_waiting(int fd) {
  struct tcp_info info;
  return look(fd, &info) == 0 && info.tcpi_state == STATE_SYN_SENT;
}

static void decided(uint64_t id, int error) {
  int done = 0;
  for (int fd = 0; fd <= highest; fd++) {
    struct connection *connection = &connections[fd];
    if (connection->id != id || connection->state != PENDING) continue;
    // Another process, which has this socket too, may have done so before.
    int first = !done && is_waiting(fd);
    if (first) conclude(fd, connection, error);
    done = 1;
    connection->state = error ? FAILED : OPEN;
    connection->error = error;
    if (!first || error) continue;
    struct sockaddr_in6 local;
    socklen_t size = sizeof local;
    RAW(SYS_getsockname, fd, &local, &size);
    tell(UP_BRIDGED, id, ntohs(local.sin6_port), 0, 0);
  }
}

int look(int fd, struct tcp_info *info) {
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

/** Of a new process or program: which descriptors are the connection. */
static void take_over(uint64_t id, uint64_t cookie) {
  int is_mine = id >> 32 == (uint64_t)RAW(SYS_getpid), renewed = 0;
  // No connection may have the name of one that the program before exec has made.
  if (is_mine && (uint32_t)id > made) made = id;
  for (int fd = 0; fd < MAX_FD; fd++) {
    // What a fork has copied says more.
    if ((connections[fd].state && connections[fd].id == id) || cookie_of(fd) != cookie) continue;
    int family = socket_option(fd, SOL_SOCKET, SO_DOMAIN), waiting = is_waiting(fd);
    connections[fd] = (struct connection){.state = waiting ? PENDING : OPEN, .id = id, .peer.any.sa_family = family};
    if (fd > highest) highest = fd;
    if (!waiting || !is_mine || renewed++) continue;
    // The listener with the full backlog has gone with the program before exec.
    detach(fd);
    if (wait_in_backlog(fd, family) != -EINPROGRESS) broken("a pending connection is lost over exec");
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
  for (int fd = 0; fd <= highest; fd++) {
    struct connection *connection = &connections[fd];
    struct tcp_info info;
    int unread = 0;
    if (connection->state != PENDING && connection->state != OPEN) continue;
    if (look(fd, &info) < 0) continue;
    if (count == room) broken("a process with more than 512 connections");
    RAW(SYS_ioctl, fd, FIONREAD, &unread);
    int ended = 1 << info.tcpi_state & (1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 | 1 << 11);
    int flags = connection->state == PENDING ? CONNECTION_PENDING : ended ? CONNECTION_ENDED : 0;
    uint64_t written = info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
    reports[count++] = (struct connection_report){connection->id, flags, unread, written, info.tcpi_bytes_received};
  }
  return count;
}
