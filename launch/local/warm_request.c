#include "launch/local/warm_request.h"

#include <string.h>

/* The string at *at, which is moved behind its zero; NULL when it does not end before `end`. */
static const char* take_string(const char** at, const char* end) {
  const char* start = *at;
  const char* zero = memchr(start, 0, (size_t)(end - start));
  if (zero == NULL) return NULL;
  *at = zero + 1;
  return start;
}

static int cpus_are_possible(const struct genesis_warm_request* request) {
  for (uint32_t i = 0; i < request->head.cpu_count; ++i) {
    if (request->cpus[i] >= GENESIS_WARM_MOST_CPU) return 0;
  }
  return 1;
}

const char* genesis_warm_read(const void* packet, size_t size,
                              struct genesis_warm_request* request) {
  struct genesis_warm_head* head = &request->head;
  if (size < sizeof *head) return "the request is too short";
  memcpy(head, packet, sizeof *head);
  if (head->magic != GENESIS_WARM_MAGIC) return "the request is of another version";
  if (head->limit_count > GENESIS_WARM_MOST_LIMITS || head->cpu_count > GENESIS_WARM_MOST_CPU) {
    return "the request has too many limits or processors";
  }
  const char* at = (const char*)packet + sizeof *head;
  const char* const end = (const char*)packet + size;
  const size_t numbers =
      head->limit_count * sizeof(struct genesis_warm_limit) + head->cpu_count * sizeof(uint32_t);
  if ((size_t)(end - at) < numbers) return "the request is too short";
  request->limits = (const struct genesis_warm_limit*)(const void*)at;
  request->cpus = (const uint32_t*)(const void*)(request->limits + head->limit_count);
  if (!cpus_are_possible(request)) return "the request names an impossible processor";
  at += numbers;
  request->folder = take_string(&at, end);
  request->token = request->folder ? take_string(&at, end) : NULL;
  request->work = request->token ? take_string(&at, end) : NULL;
  if (request->work == NULL) return "the request's strings do not end";
  if ((uint64_t)head->arguments_size + head->environment_size != (uint64_t)(end - at)) {
    return "the request is not as long as it says";
  }
  request->arguments = at;
  request->environment = at + head->arguments_size;
  const int ends_well =
      (head->arguments_size == 0 || request->environment[-1] == 0) &&
      (head->environment_size == 0 || request->environment[head->environment_size - 1] == 0);
  return ends_well ? NULL : "the request's strings do not end";
}

/* Length of the name and its "=". */
static size_t name_length(const char* entry) {
  const char* sign = strchr(entry, '=');
  return sign != NULL ? (size_t)(sign - entry) + 1 : strlen(entry);
}

/* Both lists come from one kind of map, so mostly what is looked for is where `hint` points to. */
static char* const* find_known(char* const* known, char* const* hint, const char* entry) {
  const size_t length = name_length(entry);
  if (*hint != NULL && strncmp(*hint, entry, length) == 0) return hint;
  for (; *known != NULL; ++known) {
    if (strncmp(*known, entry, length) == 0) return known;
  }
  return NULL;
}

static int in_request(const struct genesis_warm_request* request, const char* known,
                      const char** hint) {
  const char* const end = request->environment + request->head.environment_size;
  const size_t length = name_length(known);
  if (*hint < end && strncmp(*hint, known, length) == 0) {
    *hint += strlen(*hint) + 1;
    return 1;
  }
  for (const char* entry = request->environment; entry < end; entry += strlen(entry) + 1) {
    if (strncmp(entry, known, length) != 0) continue;
    *hint = entry + strlen(entry) + 1;
    return 1;
  }
  return 0;
}

static int append(char* changes, size_t room, size_t* used, const char* text, size_t length) {
  if (room - *used < length + 1) return 0;
  memcpy(changes + *used, text, length);
  changes[*used + length] = 0;
  *used += length + 1;
  return 1;
}

size_t genesis_warm_changes(const struct genesis_warm_request* request, char* const* known,
                            char* changes, size_t room) {
  const char* const end = request->environment + request->head.environment_size;
  size_t used = 0;
  char* const* hint = known;
  for (const char* entry = request->environment; entry < end; entry += strlen(entry) + 1) {
    if (strchr(entry, '=') == NULL) continue; /* no variable */
    char* const* found = find_known(known, hint, entry);
    if (found != NULL) hint = found + 1;
    if (found != NULL && strcmp(*found, entry) == 0) continue;
    if (!append(changes, room, &used, entry, strlen(entry))) return SIZE_MAX;
  }
  const char* expected = request->environment;
  for (char* const* entry = known; *entry != NULL; ++entry) {
    const char* sign = strchr(*entry, '=');
    if (sign == NULL || in_request(request, *entry, &expected)) continue;
    if (!append(changes, room, &used, *entry, (size_t)(sign - *entry))) return SIZE_MAX;
  }
  return used;
}
