// A connection as connect.c makes it and socket.c shows it.
#pragma once
#include "shim.h"
#include <netinet/in.h>

/** The last two are the program's own affair (own.c): a listener, and an end of a connection to one. */
enum state { NONE, PENDING, OPEN, FAILED, LISTENING, OWN };

struct connection {
  enum state state;
  int error;  // of a failed connect that the program has not seen yet
  uint64_t id;
  int sent;   // through a Unix socket
  int known;  // the addresses below are
  struct patience {
    int user_timeout, attempts;  // TCP_USER_TIMEOUT, ms; TCP_SYNCNT
  } patience;
  union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } peer, local;
};

struct tcp_info;

extern struct connection connections[MAX_FD];
/** No descriptor above it is in the table. */
extern int highest;
/** One that the harness knows. */
struct connection *find_connection(int fd);
int socket_option(int fd, int level, int name);
int look(int fd, struct tcp_info *info);
void connection_sent(int fd);
long connect_call(const struct call *call);

// backlog.c
#define FULL 0x7f000003u
uint16_t full_port(void);

// own.c
long listen_call(const struct call *call);
int own_listener(const union address *to);
long connect_own(const struct call *call, int listener);
void accepted(int listener, long fd);
