// One thread. Tries its servers in order, with time-outs of the socket; takes commands on stdin; prints what it saw and when.
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static time_t start;

static void say(const char *what, const char *result) {
  printf("%lds %s: %s\n", (long)(time(0) - start), what, result);
  fflush(stdout);
}

static int attempt(const char *host, const char *port, int seconds) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  char what[64], answer[64];
  snprintf(what, sizeof what, "%s %s", host, port);
  int error = getaddrinfo(host, port, &hints, &found);
  if (error) return say(what, gai_strerror(error)), 0;
  int fd = socket(found->ai_family, SOCK_STREAM, 0), on = 1;
  struct timeval limit = {seconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int failed = connect(fd, found->ai_addr, found->ai_addrlen) < 0;
  freeaddrinfo(found);
  ssize_t count = -1;
  if (!failed) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    char name[64], service[16];
    getpeername(fd, (struct sockaddr *)&peer, &size);
    getnameinfo((struct sockaddr *)&peer, size, name, sizeof name, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
    if (strcmp(name, host) || strcmp(service, port)) say(what, "another peer");
    if (write(fd, "CHECK\n", 6) != 6) say(what, "not written");
    count = read(fd, answer, sizeof answer);
  }
  if (count > 0) say(what, "answered");
  else say(what, count == 0 ? "ended" : strerror(errno));
  close(fd);
  return count > 0;
}

int main(int argc, char **argv) {
  char line[256];
  unsigned id;
  start = time(0);
  if (getrandom(&id, sizeof id, 0) != sizeof id) return 2;
  printf("id %08x\n", id);
  while (fgets(line, sizeof line, stdin)) {
    char command[32] = "", host[64] = "", port[16] = "";
    int seconds = 0;
    sscanf(line, "%31s %63s %15s %d", command, host, port, &seconds);
    if (!strcmp(command, "try")) attempt(host, port, seconds);
    else if (!strcmp(command, "sleep")) sleep(atoi(host));
    else if (!strcmp(command, "file")) {
      FILE *file = fopen("written", "w");
      struct stat info;
      fputs("x", file);
      fclose(file);
      stat("written", &info);
      say("file", info.st_mtime == time(0) && info.st_ctime == time(0) ? "now" : "another time");
    } else if (!strcmp(command, "old")) {
      struct stat info;
      stat("written", &info);
      snprintf(line, sizeof line, "%ld s old", (long)(time(0) - info.st_mtime));
      say("file", line);
    } else say(command, "unknown");
  }
  say("stdin", "ended");
  return argc > 1 ? atoi(argv[1]) : 0;
}
