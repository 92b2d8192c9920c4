#pragma once

#include <string_view>

namespace genesis::evolve {

/// Programs of the persistent readers; the wire format is in persistent_reader.h.
///
/// Python. An alarm ends it when a text cannot be compiled in time even if nobody is left to kill
/// it; argv: seconds, bytes of address space.
inline constexpr std::string_view kPythonReader = R"python(
import gc, os, resource, signal, struct, sys, warnings
gc.disable()
warnings.simplefilter("ignore")
seconds, memory = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.signal(signal.SIGALRM, signal.SIG_DFL)
def receive(size):
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
checked = 0
while True:
    text = receive(struct.unpack("<I", receive(4))[0])
    line, message = 0, ""
    signal.alarm(seconds)
    try:
        compile(text.decode("utf-8"), "candidate", "exec", 0, True)
    except SyntaxError as error:
        line, message = error.lineno or 0, error.msg or "invalid syntax"
    except UnicodeDecodeError as error:
        line, message = text.count(b"\n", 0, error.start) + 1, "not UTF-8"
    except RecursionError:
        message = "nested too deeply"
    except MemoryError:
        message = "nested too deeply or too large to compile"
    except (ValueError, OverflowError) as error:
        message = str(error) or "cannot be compiled"
    signal.alarm(0)
    checked += 1
    if checked % 1000 == 0:
        gc.collect()
    data = message.encode("utf-8", "replace")[:1000]
    os.write(0, struct.pack("<II", line, len(data)) + data)
)python";

/// JavaScript: classic scripts, and modules where the text imports or exports.
inline constexpr std::string_view kNodeReader = R"script(
'use strict';
const fs = require('fs');
const vm = require('vm');
function receive(size) {
  const buffer = Buffer.allocUnsafe(size);
  let got = 0;
  while (got < size) {
    const count = fs.readSync(0, buffer, got, size - got, null);
    if (count === 0) process.exit(0);
    got += count;
  }
  return buffer;
}
const isModule = /^\s*(import|export)\b/m;
for (;;) {
  const text = receive(receive(4).readUInt32LE(0)).toString('utf8');
  let line = 0;
  let message = '';
  try {
    if (isModule.test(text)) new vm.SourceTextModule(text, {identifier: 'candidate'});
    else new vm.Script(text, {filename: 'candidate'});
  } catch (error) {
    message = String(error.message || error) || 'invalid syntax';
    const place = /candidate:(\d+)/.exec(String(error.stack));
    if (place) line = Number(place[1]);
  }
  const data = Buffer.from(message, 'utf8').subarray(0, 1000);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(line, 0);
  head.writeUInt32LE(data.length, 4);
  fs.writeSync(0, Buffer.concat([head, data]));
}
)script";

}  // namespace genesis::evolve
