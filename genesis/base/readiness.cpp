#include "genesis/base/readiness.h"

#include <poll.h>

namespace genesis {

bool is_readable(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return ::poll(&asked, 1, 0) > 0;
}

}  // namespace genesis
