// Calls on sockets besides connect: what they show of a connection, and sending and receiving that could block.
#include "connection.h"
#include <linux/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define FASTOPEN_CONNECT 30

static long show_address(const struct call *call, const union address *address) {
  socklen_t *size = (void *)call->args[2];
  socklen_t length = address->any.sa_family == AF_INET ? sizeof address->four : sizeof address->six;
  memcpy((void *)call->args[1], address, *size < length ? *size : length);
  *size = length;
  return 0;
}

/** The kernel still shows the port from which the attempt was made, which is another in each run. */
static long name_after_failure(const struct call *call, const struct connection *connection) {
  long result = pass(call);
  if (call->number != SYS_getsockname || result < 0 || *(socklen_t *)call->args[2] < 4) return result;
  ((struct sockaddr_in *)call->args[1])->sin_port = connection->local.four.sin_port;
  return result;
}

static long name_call(const struct call *call) {
  int fd = call->args[0];
  const struct connection *connection = fd >= 0 && fd < MAX_FD ? &connections[fd] : 0;
  if (!connection || !connection->known) return pass(call);
  if (connection->state == NONE) return name_after_failure(call, connection);
  if (call->number == SYS_getsockname) return show_address(call, &connection->local);
  return connection->state == OPEN ? show_address(call, &connection->peer) : -ENOTCONN;
}

/** What connect.c has put aside while an attempt is pending; 0: something else is asked for. */
static int *put_aside(const struct call *call) {
  struct connection *connection = find_connection(call->args[0]);
  if (!connection || connection->state != PENDING || call->args[1] != IPPROTO_TCP) return 0;
  if (call->args[2] == TCP_USER_TIMEOUT) return &connection->patience.user_timeout;
  return call->args[2] == TCP_SYNCNT ? &connection->patience.attempts : 0;
}

static long set_option(const struct call *call) {
  long level = call->args[1], name = call->args[2];
  if (level == IPPROTO_TCP && name == FASTOPEN_CONNECT) return -ENOPROTOOPT;
  // Buffers do not shape the virtual network, and what the harness delivers has to find room.
  int sized = level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE);
  if (sized && socket_option(call->args[0], SOL_SOCKET, SO_TYPE) == SOCK_STREAM) return 0;
  int *aside = put_aside(call);
  if (aside && call->args[4] >= (long)sizeof *aside) return *aside = *(int *)call->args[3], 0;
  return pass(call);
}

static long get_option(const struct call *call) {
  struct connection *connection = find_connection(call->args[0]);
  int *aside = put_aside(call);
  int pending_error = call->args[1] == SOL_SOCKET && call->args[2] == SO_ERROR && connection && connection->state == FAILED;
  long result = pass(call);
  if (aside && result >= 0 && *(socklen_t *)call->args[4] == sizeof *aside) *(int *)call->args[3] = *aside;
  if (!pending_error || result < 0) return result;
  *(int *)call->args[3] = connection->error;
  connection->state = NONE;
  return 0;
}

static int is_datagram(const struct sockaddr *to) {
  return to && (to->sa_family == AF_INET || to->sa_family == AF_INET6);
}

static void send_rights(struct msghdr *message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const int *fds = (void *)CMSG_DATA(part);
    for (size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof *fds; i++) connection_sent(fds[i]);
  }
}

static long send_call(const struct call *call) {
  const long *a = call->args;
  int fd = a[0], message = call->number == SYS_sendmsg;
  long flags = message ? a[2] : a[3];
  const struct sockaddr *to = message ? ((struct msghdr *)a[1])->msg_name : (void *)a[4];
  if (flags & MSG_FASTOPEN) return -EOPNOTSUPP;
  if (is_connection(fd)) return pass(call);
  if (message) send_rights((void *)a[1]);
  if (is_datagram(to) && socket_option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) return -ENETUNREACH;
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

static long send_messages(const struct call *call) {
  struct mmsghdr *messages = (void *)call->args[1];
  long count = call->args[2] < 1024 ? call->args[2] : 1024, done = 0;
  for (; done < count; done++) {
    struct call one = {SYS_sendmsg, {call->args[0], (long)&messages[done].msg_hdr, call->args[3]}, call->context};
    long result = send_call(&one);
    if (result == RESTART) return done ? done : -EINTR;
    if (result < 0) return done ? done : result;
    messages[done].msg_len = result;
  }
  return done;
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
  long result = pass(call);
  accepted(fd, result);
  return result;
}

long socket_call(const struct call *call, int *handled) {
  *handled = 1;
  switch (call->number) {
    case SYS_connect: return connect_call(call);
    case SYS_listen: return listen_call(call);
    case SYS_getpeername:
    case SYS_getsockname: return name_call(call);
    case SYS_setsockopt: return set_option(call);
    case SYS_getsockopt: return get_option(call);
    case SYS_sendto:
    case SYS_sendmsg: return send_call(call);
    case SYS_sendmmsg: return send_messages(call);
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg: return receive_call(call);
    case SYS_accept:
    case SYS_accept4: return accept_call(call);
  }
  return *handled = 0;
}
