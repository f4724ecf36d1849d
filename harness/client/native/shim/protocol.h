// What a task (a thread) and the harness say to each other; the other half is ../protocol.ts. Little endian, no padding.
#pragma once
#include <stdint.h>

#define PROTOCOL_VERSION 2

enum up_type {
  UP_HELLO = 1,  // a = version; the task waits for its first turn
  UP_WAIT,       // a = deadline (ns, or FOREVER), b = wait kind, | WAIT_PROGRESS, | system call; payload: connections
  UP_CONNECT,    // a = connection id, b = port; payload: struct wanted_address, connections
  UP_BRIDGED,    // a = connection id, b = local port of its bridge
  UP_BORN,       // a = pid or tid of a child that will say hello, or end (b = 1); payload: its program, if another one
  UP_EXEC,       // the process is about to become another program; payload: its path
  UP_HERE,       // that has failed
  UP_EXIT,       // the thread is about to end
  UP_SIGNALLED,  // it may have sent a signal to somebody
  UP_BROKEN,     // payload: what this shim could not do, as text
  UP_LACKS,      // payload: what it asked for and was denied, as text; it may do without
};

enum wait_kind {
  WAIT_SLEEP = 0,    // only time or a signal ends it
  WAIT_CHILD = 1,    // or the end of a process
  WAIT_PROCESS = 2,  // or another thread of the same process
  WAIT_FILE = 3,     // or anything that becomes readable or writable, or changes in shared memory
};
#define WAIT_PROGRESS 0x100
#define WAIT_CALL_SHIFT 16

struct up {
  uint32_t size;  // of the whole message
  uint32_t type;
  int32_t pid, tid;
  int64_t a, b;
};

struct wanted_address {
  uint32_t family;  // 4 or 6
  uint8_t bytes[16];
  uint32_t patience;  // ms without an answer until it is given up; 0: as long as Linux waits by itself
  uint64_t cookie;  // SO_COOKIE: by it a process knows the socket that it has inherited
};

/** One open connection as the client's kernel sees it; ends what a WAIT or CONNECT says. */
struct connection_report {
  uint64_t id;
  uint32_t flags;   // CONNECTION_…
  uint32_t unread;  // bytes
  uint64_t written, received;
};
#define CONNECTION_PENDING 1
#define CONNECTION_ENDED 2  // a FIN was sent

/** What one message can hold. */
#define MAX_REPORTS 512
#define MAX_MESSAGE (sizeof(struct up) + sizeof(struct wanted_address) + MAX_REPORTS * sizeof(struct connection_report))

/** A turn: go on, time is `now`. Followed by `count` events. */
struct down {
  uint32_t size;
  uint32_t count;
  int64_t now;   // ns of case time
  int64_t wall;  // ns since 1970 at case time 0, as the client's wall clock has it
};

enum event_type {
  EVENT_SEED = 1,    // value: of this process
  EVENT_BRIDGE,      // value: port of the bridge on 127.0.0.1
  EVENT_ORDER,       // value: how many processes started before this one
  EVENT_RUN_START,   // value: real seconds since 1970 at which the client was started
  EVENT_HELD,        // id: a connection of the client, which this process may have inherited; value: its cookie
  EVENT_CONNECTED,   // id
  EVENT_REFUSED,     // id
  EVENT_TIMED_OUT,   // id
  EVENT_DELIVERED,   // id; value: bytes that must have arrived; flags say what else must have
};
#define DELIVERED_END 1
#define DELIVERED_RESET 2

struct event {
  uint32_t type, flags;
  uint64_t id, value;
};
