/* One request of the runner to a fork server of warm evaluations, as a packet: the head, the
 * limits, the numbers of the processors, then strings that each end with a zero byte: folder,
 * token, work folder, arguments, environment ("NAME=value"). Host byte order: both ends are one
 * build on one machine. C, as the server's native part is; the runner writes packets in
 * warm_packet.cpp. */
#ifndef GENESIS_LAUNCH_LOCAL_WARM_REQUEST_H
#define GENESIS_LAUNCH_LOCAL_WARM_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  GENESIS_WARM_MAGIC = 0x67775231,
  GENESIS_WARM_MOST_BYTES = 128 << 10,
  GENESIS_WARM_MOST_LIMITS = 16,
  GENESIS_WARM_MOST_CPU = 1024, /* numbers of processors are below this */
  GENESIS_WARM_MOST_JOINS = 4
};

struct genesis_warm_head {
  uint32_t magic;
  uint32_t has_cgroup; /* the third descriptor is a cgroup v2 folder */
  int64_t id;
  uint32_t limit_count;
  uint32_t cpu_count;
  uint32_t arguments_size; /* bytes of the strings, their zeros counted */
  uint32_t environment_size;
};

struct genesis_warm_limit {
  int32_t resource;
  int32_t reserved;
  uint64_t soft;
  uint64_t hard;
};

/* What a packet says; pointers into the packet. */
struct genesis_warm_request {
  struct genesis_warm_head head;
  const struct genesis_warm_limit* limits;
  const uint32_t* cpus;
  const char* folder;
  const char* token;
  const char* work;
  const char* arguments;
  const char* environment;
};

/* `packet` is aligned to 8 bytes. Returns NULL, or what is wrong with it. */
const char* genesis_warm_read(const void* packet, size_t size,
                              struct genesis_warm_request* request);

/* What has to change for an environment of `known` ("NAME=value", ended by NULL) to become the
 * request's: strings with a zero after each, "NAME=value" to set, "NAME" to remove. Returns their
 * bytes, or SIZE_MAX when `room` is too small. */
size_t genesis_warm_changes(const struct genesis_warm_request* request, char* const* known,
                            char* changes, size_t room);

#ifdef __cplusplus
}
#endif
#endif
