#pragma once

namespace genesis {

/// Has something to read, or has ended, at this moment. What an event loop said of a descriptor may
/// be of its number's former life: whoever acts on readiness alone, without a read, asks once more.
bool is_readable(int fd);

}  // namespace genesis
