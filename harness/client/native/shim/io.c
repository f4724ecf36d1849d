// Descriptors: reading and writing what could block, and the bookkeeping when numbers are copied and closed.
#include "shim.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

/** A pipe that polls as writable takes this much without blocking (pipe(7)). */
#define PIPE_SLICE 4096

int nonblocking(int fd) {
  long flags = RAW(SYS_fcntl, fd, F_GETFL, 0);
  return flags < 0 || flags & O_NONBLOCK;
}

/** True also for an error, which the call itself then reports. */
int fd_ready(int fd, short events) {
  struct pollfd one = {fd, events, 0};
  struct timespec none = {0, 0};
  return RAW(SYS_ppoll, &one, 1, &none, 0, 8) != 0;
}

struct readiness {
  int fd;
  short events;
};

static int ready(void *what) {
  const struct readiness *r = what;
  return fd_ready(r->fd, r->events);
}

/** Until the descriptor is ready; SO_RCVTIMEO or SO_SNDTIMEO of a socket bounds it, 0 for none. */
enum outcome wait_fd(const struct call *call, int fd, short events, int timeout_option) {
  struct timeval limit = {0, 0};
  socklen_t size = sizeof limit;
  if (timeout_option && RAW(SYS_getsockopt, fd, SOL_SOCKET, timeout_option, &limit, &size) < 0) limit.tv_sec = 0;
  nanos timeout = limit.tv_sec * SECOND + limit.tv_usec * 1000LL;
  struct readiness r = {fd, events};
  return wait_until(CLIENT_MASK(call), WAIT_FILE, timeout ? after(timeout) : FOREVER, ready, &r);
}

static long read_call(const struct call *call) {
  int fd = call->args[0];
  if (is_random_device(fd) && call->number == SYS_read) {
    fill_random((void *)call->args[1], call->args[2]);
    return call->args[2];
  }
  if (is_ours(fd)) return -EBADF;
  if (!fd_ready(fd, POLLIN)) {
    if (nonblocking(fd)) return spin(50), pass(call);
    enum outcome outcome = wait_fd(call, fd, POLLIN, SO_RCVTIMEO);
    if (outcome != READY) return RESULT_OF_WAIT(outcome, -EAGAIN);
  }
  timer_fd_asked(fd);
  return pass(call);
}

/** Writes everything to what another process of the client has to empty: each piece when there is room for it. */
static long write_slices(const struct call *call, const char *bytes, size_t count) {
  size_t done = 0;
  int fd = call->args[0];
  do {
    enum outcome outcome = wait_fd(call, fd, POLLOUT, SO_SNDTIMEO);
    if (outcome != READY) return done ? (long)done : RESULT_OF_WAIT(outcome, -EAGAIN);
    size_t slice = count - done < PIPE_SLICE ? count - done : PIPE_SLICE;
    long written = RAW(SYS_write, fd, bytes + done, slice);
    if (written < 0) return done ? (long)done : written;
    done += written;
  } while (done < count);
  return done;
}

static long write_vector(const struct call *call) {
  const struct iovec *vector = (void *)call->args[1];
  long done = 0;
  for (long i = 0; i < call->args[2]; i++) {
    long written = vector[i].iov_len ? write_slices(call, vector[i].iov_base, vector[i].iov_len) : 0;
    if (written < 0) return done ? done : written;
    done += written;
    if ((size_t)written < vector[i].iov_len) break;
  }
  return done;
}

/** Another process of the client has to empty it. The harness empties the bridges all the time: those need no turn of anybody. */
static int is_shared(int fd, const struct stat *info) {
  return S_ISFIFO(info->st_mode) || (S_ISSOCK(info->st_mode) && !is_connection(fd));
}

static long write_call(const struct call *call) {
  int fd = call->args[0];
  struct stat info;
  if (is_ours(fd)) return -EBADF;
  if (RAW(SYS_fstat, fd, &info) < 0) return pass(call);
  if (S_ISREG(info.st_mode)) {
    long result = pass(call);
    if (result > 0) stamp(fd);
    return result;
  }
  if (!is_shared(fd, &info) || nonblocking(fd)) return pass(call);
  if (call->number == SYS_write) return write_slices(call, (void *)call->args[1], call->args[2]);
  return call->number == SYS_writev ? write_vector(call) : pass(call);
}

/** Copies inside the kernel, from `in` to `out`: no more at a time than goes without waiting, which they may always do. */
static long move_call(const struct call *call, int in, int out, int count_at) {
  struct call own = *call;
  struct stat info;
  if (is_ours(in) || is_ours(out)) return -EBADF;
  if (nonblocking(in) || nonblocking(out)) return pass(call);
  enum outcome outcome = wait_fd(call, in, POLLIN, SO_RCVTIMEO);
  if (outcome == READY && RAW(SYS_fstat, out, &info) == 0 && is_shared(out, &info)) {
    outcome = wait_fd(call, out, POLLOUT, SO_SNDTIMEO);
    if (own.args[count_at] > PIPE_SLICE) own.args[count_at] = PIPE_SLICE;
  }
  return outcome == READY ? pass(&own) : RESULT_OF_WAIT(outcome, -EAGAIN);
}

static void closed(int fd) {
  connection_closed(fd);
  timer_fd_closed(fd);
  random_closed(fd);
}

static void copied(int from, int to) {
  if (from == to || to < 0) return;
  closed(to);
  connection_copied(from, to);
  random_copied(from, to);
  timer_fd_copied(from, to);
}

static long close_call(const struct call *call) {
  int fd = call->args[0];
  if (is_ours(fd)) return -EBADF;
  int peer = own_peer(fd);
  closed(fd);
  long result = pass(call);
  await_end(peer);
  return result;
}

/** Around our links, which the program does not know. */
static long close_range_call(const struct call *call) {
  unsigned first = call->args[0], last = call->args[1], flags = call->args[2];
  if (first > last) return -EINVAL;
  for (unsigned fd = first; fd <= last && fd < MAX_FD; fd++) {
    if (!is_ours(fd)) {
      if (!(flags & 4)) closed(fd);
      continue;
    }
    if (fd > first) RAW(SYS_close_range, first, fd - 1, flags);
    first = fd + 1;
  }
  return first <= last ? RAW(SYS_close_range, first, last, flags) : 0;
}

static long copy_call(const struct call *call) {
  int from = call->args[0], two = call->number != SYS_dup;
  if (two && is_ours(call->args[1])) move_ours(call->args[1]);
  long result = pass(call);
  if (result >= 0) copied(from, result);
  return result;
}

struct lock {
  long number, args[3], result;
};

static int locked(void *what) {
  struct lock *lock = what;
  lock->result = RAW(lock->number, lock->args[0], lock->args[1], lock->args[2]);
  return lock->result != -EAGAIN && lock->result != -EACCES;
}

static long lock_call(const struct call *call, struct lock lock) {
  enum outcome outcome = wait_until(CLIENT_MASK(call), WAIT_FILE, FOREVER, locked, &lock);
  return outcome == READY ? lock.result : restarted();
}

static long fcntl_call(const struct call *call) {
  const long *a = call->args;
  if (is_ours(a[0])) return -EBADF;
  if (a[1] == F_SETLKW) return lock_call(call, (struct lock){SYS_fcntl, {a[0], F_SETLK, a[2]}, 0});
  if (a[1] == F_OFD_SETLKW) return lock_call(call, (struct lock){SYS_fcntl, {a[0], F_OFD_SETLK, a[2]}, 0});
  long result = pass(call);
  if (result >= 0 && (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC)) copied(a[0], result);
  return result;
}

long io_call(const struct call *call, int *handled) {
  const long *a = call->args;
  *handled = 1;
  switch (call->number) {
    case SYS_read:
    case SYS_readv: return read_call(call);
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2: return write_call(call);
    case SYS_sendfile: return move_call(call, a[1], a[0], 3);
    case SYS_splice:
      if (a[5] & SPLICE_F_NONBLOCK) return pass(call);
      return move_call(call, a[0], a[2], 4);
    case SYS_tee:
      if (a[3] & SPLICE_F_NONBLOCK) return pass(call);
      return move_call(call, a[0], a[1], 2);
    case SYS_close: return close_call(call);
    case SYS_close_range: return close_range_call(call);
    case SYS_dup:
    case SYS_dup2:
    case SYS_dup3: return copy_call(call);
    case SYS_fcntl: return fcntl_call(call);
    case SYS_flock:
      if (a[1] & LOCK_NB || a[1] == LOCK_UN) return pass(call);
      return lock_call(call, (struct lock){SYS_flock, {a[0], a[1] | LOCK_NB, 0}, 0});
    // Their waits could not be seen; most programs do without.
    case SYS_io_uring_setup: return tell(UP_LACKS, 0, 0, "io_uring", 8), -ENOSYS;
  }
  return *handled = 0;
}
