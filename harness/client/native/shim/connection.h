// A connection as connect.c makes it and socket.c shows it.
#pragma once
#include "shim.h"
#include <netinet/in.h>

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

struct connection *find_connection(int fd);
int socket_option(int fd, int level, int name);
long connect_call(const struct call *call);
