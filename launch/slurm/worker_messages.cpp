#include "launch/slurm/worker_messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "genesis/base/base64.h"
#include "genesis/base/text.h"

namespace genesis::launch::slurm {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

/// Three hundred years, and no sum of two of them overflows.
constexpr std::int64_t kMostMillis = 10'000'000'000'000;
constexpr int kMostSlots = 100'000;

/// Thrown inside of parsing only.
struct Unreadable {
  std::string why;
};

json text_to_json(const std::string& text) {
  if (is_valid_utf8(text)) return text;
  json carried = json::object();
  carried["b64"] = to_base64(text);
  return carried;
}

std::string text_from_json(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  const auto carried = value.is_object() ? value.find("b64") : value.end();
  if (value.is_object() && carried != value.end() && carried->is_string()) {
    if (auto text = from_base64(carried->get<std::string>())) return std::move(*text);
  }
  throw Unreadable{"a text is none"};
}

/// One object of a message, read member by member.
class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {
    if (!object.is_object()) throw Unreadable{"it is no object"};
  }
  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  const json& at(const char* key) const {
    if (const json* found = find(key)) return *found;
    throw Unreadable{fmt::format("it has no '{}'", key)};
  }
  std::string text(const char* key) const { return text_from_json(at(key)); }
  std::string text_or_empty(const char* key) const {
    const json* found = find(key);
    return found == nullptr ? std::string() : text_from_json(*found);
  }
  /// A path that a shell or a C function would cut is refused.
  std::filesystem::path path(const char* key) const {
    const std::string name = text_or_empty(key);
    if (name.find('\0') != std::string::npos) throw Unreadable{"a path has a zero in it"};
    return name;
  }
  std::int64_t number(const char* key, std::int64_t least, std::int64_t most) const {
    const json& value = at(key);
    if (!value.is_number_integer()) throw Unreadable{fmt::format("'{}' is no number", key)};
    // Beyond the signed range: out of every range that is asked for.
    const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > (1ull << 62);
    const std::int64_t number = huge ? std::int64_t{1} << 62 : value.get<std::int64_t>();
    if (number < least || number > most) {
      throw Unreadable{fmt::format("'{}' is out of range", key)};
    }
    return number;
  }
  int integer(const char* key, int least, int most) const {
    return static_cast<int>(number(key, least, most));
  }
  milliseconds millis(const char* key) const { return milliseconds{number(key, 0, kMostMillis)}; }
  std::optional<milliseconds> millis_if(const char* key) const {
    return find(key) == nullptr ? std::nullopt : std::optional(millis(key));
  }
  std::optional<std::uint64_t> count_if(const char* key) const {
    if (find(key) == nullptr) return std::nullopt;
    return static_cast<std::uint64_t>(number(key, 0, std::int64_t{1} << 60));
  }
  bool flag(const char* key) const { return integer(key, 0, 1) == 1; }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> found;
    for (const json& value : array(key)) found.push_back(text_from_json(value));
    return found;
  }
  const json& array(const char* key) const {
    const json& value = at(key);
    if (!value.is_array()) throw Unreadable{fmt::format("'{}' is no list", key)};
    return value;
  }

 private:
  const json& object_;
};

json texts_to_json(const std::vector<std::string>& texts) {
  json list = json::array();
  for (const std::string& text : texts) list.push_back(text_to_json(text));
  return list;
}

template <typename T>
void put_if(json& target, const char* key, const std::optional<T>& value) {
  if (value) target[key] = *value;
}
void put_if(json& target, const char* key, const std::optional<milliseconds>& value) {
  if (value) target[key] = value->count();
}

json limits_to_json(const Limits& limits) {
  json object = json::object();
  put_if(object, "wall_ms", limits.wall_time);
  put_if(object, "cpu_ms", limits.cpu_time);
  put_if(object, "memory", limits.memory_bytes);
  put_if(object, "processes", limits.processes);
  put_if(object, "file", limits.file_bytes);
  object["grace_ms"] = limits.kill_grace.count();
  return object;
}

Limits limits_from_json(const json& object) {
  const Reader reader(object);
  Limits limits;
  limits.wall_time = reader.millis_if("wall_ms");
  limits.cpu_time = reader.millis_if("cpu_ms");
  limits.memory_bytes = reader.count_if("memory");
  limits.processes = reader.count_if("processes");
  limits.file_bytes = reader.count_if("file");
  limits.kill_grace = reader.millis("grace_ms");
  return limits;
}

json spec_to_json(const JobSpec& spec) {
  json object = json::object();
  object["key"] = {spec.key.evaluation, spec.key.stage, spec.key.repeat, spec.key.attempt};
  object["token"] = text_to_json(spec.token);
  object["argv"] = texts_to_json(spec.argv);
  json& inputs = object["inputs"] = json::array();
  for (const InputFile& input : spec.inputs) {
    json file = json::object();
    file["path"] = text_to_json(input.path);
    if (input.copy_of) {
      file["copy_of"] = text_to_json(input.copy_of->string());
    } else {
      file["content"] = text_to_json(input.content);
    }
    inputs.push_back(std::move(file));
  }
  json& variables = object["environment"] = json::array();
  for (const auto& [name, value] : spec.environment) {
    variables.push_back({text_to_json(name), text_to_json(value)});
  }
  object["work_dir"] = text_to_json(spec.work_dir.string());
  object["cwd"] = text_to_json(spec.cwd.string());
  object["outputs"] = texts_to_json(spec.outputs);
  object["limits"] = limits_to_json(spec.limits);
  object["cpus"] = spec.resources.cpus;
  object["gpus"] = spec.resources.gpus;
  if (spec.warm) {
    json& scan = object["scan"] = json::array();
    for (const auto& path : spec.warm->scan) scan.push_back(text_to_json(path.string()));
    object["evaluator"] = text_to_json(spec.warm->evaluator);
  }
  return object;
}

AttemptKey key_from_json(const json& list) {
  if (list.size() != 4) throw Unreadable{"'key' has not four numbers"};
  for (const json& part : list) {
    if (!part.is_number_integer()) throw Unreadable{"'key' has something else than numbers"};
  }
  AttemptKey key;
  key.evaluation = list[0].get<std::int64_t>();
  key.stage = list[1].get<int>();
  key.repeat = list[2].get<int>();
  key.attempt = list[3].get<int>();
  return key;
}

InputFile input_from_json(const json& object) {
  const Reader reader(object);
  InputFile input;
  input.path = reader.text("path");
  if (reader.find("copy_of") != nullptr) {
    input.copy_of = reader.path("copy_of");
  } else {
    input.content = reader.text("content");
  }
  return input;
}

JobSpec spec_from_json(const json& object) {
  const Reader reader(object);
  JobSpec spec;
  spec.key = key_from_json(reader.array("key"));
  spec.token = reader.text("token");
  spec.argv = reader.texts("argv");
  for (const json& input : reader.array("inputs")) spec.inputs.push_back(input_from_json(input));
  for (const json& pair : reader.array("environment")) {
    if (!pair.is_array() || pair.size() != 2) throw Unreadable{"a variable is no pair"};
    spec.environment[text_from_json(pair[0])] = text_from_json(pair[1]);
  }
  spec.work_dir = reader.path("work_dir");
  if (!spec.work_dir.is_absolute()) throw Unreadable{"'work_dir' is no absolute path"};
  spec.cwd = reader.path("cwd");
  spec.outputs = reader.texts("outputs");
  spec.limits = limits_from_json(reader.at("limits"));
  spec.resources.cpus = reader.integer("cpus", 1, kMostSlots);
  spec.resources.gpus = reader.integer("gpus", 0, kMostSlots);
  if (reader.find("scan") != nullptr) {
    WarmStart warm;
    for (const std::string& path : reader.texts("scan")) warm.scan.emplace_back(path);
    warm.evaluator = reader.text("evaluator");
    spec.warm = std::move(warm);
  }
  return spec;
}

json outcome_to_json(const JobOutcome& outcome) {
  json object = json::object();
  object["kind"] = std::string(to_string(outcome.kind));
  object["code"] = outcome.exit_code;
  object["signal"] = outcome.signal;
  object["detail"] = text_to_json(outcome.detail);
  object["wall_ms"] = outcome.wall.count();
  object["cpu_ms"] = outcome.cpu.count();
  object["memory"] = outcome.peak_memory_bytes;
  return object;
}

JobOutcome outcome_from_json(const json& object) {
  const Reader reader(object);
  JobOutcome outcome;
  const auto kind = job_outcome_from(reader.text("kind"));
  if (!kind) throw Unreadable{"its outcome has no name that is known"};
  outcome.kind = *kind;
  outcome.exit_code = reader.integer("code", 0, 255);
  outcome.signal = reader.integer("signal", 0, 128);
  outcome.detail = to_valid_utf8(reader.text("detail"));
  outcome.wall = reader.millis("wall_ms");
  outcome.cpu = reader.millis("cpu_ms");
  outcome.peak_memory_bytes = reader.count_if("memory").value_or(0);
  return outcome;
}

json setup_to_json(const WorkerSetup& setup) {
  json object = json::object();
  object["run_id"] = text_to_json(setup.run_id);
  object["folder"] = text_to_json(setup.folder.string());
  object["slots"] = setup.slots;
  object["cpus"] = setup.cpus;
  object["lease_ms"] = setup.lease.count();
  object["grace_ms"] = setup.grace.count();
  object["warm"] = static_cast<int>(setup.warm);
  object["activate_script"] = text_to_json(setup.activate_script);
  object["env_passthrough"] = texts_to_json(setup.env_passthrough);
  object["numeric_threads"] = setup.numeric_threads;
  return object;
}

WorkerSetup setup_from_json(const json& object) {
  const Reader reader(object);
  WorkerSetup setup;
  setup.run_id = reader.text("run_id");
  setup.folder = reader.path("folder");
  if (!setup.folder.is_absolute()) throw Unreadable{"'folder' is no absolute path"};
  setup.slots = reader.integer("slots", 1, kMostSlots);
  setup.cpus = reader.integer("cpus", 1, kMostSlots);
  setup.lease = milliseconds{reader.number("lease_ms", 1, kMostMillis)};
  setup.grace = reader.millis("grace_ms");
  setup.warm = static_cast<WarmStarts>(reader.integer("warm", 0, 2));
  setup.activate_script = reader.text("activate_script");
  setup.env_passthrough = reader.texts("env_passthrough");
  setup.numeric_threads = reader.integer("numeric_threads", 1, kMostSlots);
  return setup;
}

json message(const char* what, json members = json::object()) {
  members["is"] = what;
  return members;
}
json first_message(const char* what, json members) {
  members["v"] = kWorkerProtocol;
  return message(what, std::move(members));
}
json with_token(const char* what, const std::string& token) {
  json members = json::object();
  members["token"] = text_to_json(token);
  return message(what, std::move(members));
}
json with_text(const char* what, const std::string& text) {
  json members = json::object();
  members["text"] = text_to_json(text);
  return message(what, std::move(members));
}

json to_json(const WorkerSetup& setup) {
  return first_message("hello", setup_to_json(setup));
}
json to_json(const SubmitToWorker& submit) {
  json members = json::object();
  members["job"] = spec_to_json(submit.spec);
  return message("submit", std::move(members));
}
json to_json(const CancelInWorker& cancel) {
  return with_token("cancel", cancel.token);
}
json to_json(const TakeBackFromWorker& back) {
  return with_token("take_back", back.token);
}
json to_json(const Heartbeat&) {
  return message("heartbeat");
}
json to_json(const Bye& bye) {
  return with_text("bye", bye.reason);
}
json to_json(const WorkerReady& ready) {
  json members = json::object();
  members["host"] = text_to_json(ready.host);
  members["job"] = text_to_json(ready.job);
  members["step"] = text_to_json(ready.step);
  return first_message("ready", std::move(members));
}
json to_json(const WorkerStarted& started) {
  return with_token("started", started.token);
}
json to_json(const WorkerEnded& ended) {
  json members = with_token("ended", ended.token);
  members["outcome"] = outcome_to_json(ended.outcome);
  return members;
}
json to_json(const WorkerNotice& notice) {
  return with_text("notice", notice.text);
}

void check_version(const Reader& reader) {
  const int version = reader.integer("v", 0, kMostSlots);
  if (version == kWorkerProtocol) return;
  throw Unreadable{
      fmt::format("it speaks version {}, this program {}: the same Genesis must be "
                  "installed where it runs",
                  version, kWorkerProtocol)};
}

ToWorker to_worker(const Reader& reader) {
  const std::string what = reader.text("is");
  if (what == "submit") return SubmitToWorker{spec_from_json(reader.at("job"))};
  if (what == "heartbeat") return Heartbeat{};
  if (what == "cancel") return CancelInWorker{reader.text("token")};
  if (what == "take_back") return TakeBackFromWorker{reader.text("token")};
  if (what == "bye") return Bye{reader.text("text")};
  throw Unreadable{"it is no message that is known"};
}

FromWorker from_worker(const Reader& reader) {
  const std::string what = reader.text("is");
  if (what == "started") return WorkerStarted{reader.text("token")};
  if (what == "ended") {
    return WorkerEnded{reader.text("token"), outcome_from_json(reader.at("outcome"))};
  }
  if (what == "heartbeat") return Heartbeat{};
  if (what == "notice") return WorkerNotice{to_valid_utf8(reader.text("text"))};
  if (what == "bye") return Bye{to_valid_utf8(reader.text("text"))};
  if (what != "ready") throw Unreadable{"it is no message that is known"};
  check_version(reader);
  return WorkerReady{reader.text("host"), reader.text("job"), reader.text("step")};
}

/// Whatever is wrong, out-of-range numbers included, is one kind of error.
template <typename T, typename Read>
Result<T> parsed(std::string_view line, const char* what, Read read) {
  std::string why;
  try {
    const json object = json::parse(line, nullptr, false);
    if (object.is_discarded()) throw Unreadable{"it is no JSON"};
    return read(object);
  } catch (const Unreadable& unreadable) {
    why = unreadable.why;
  } catch (const json::exception& failure) {
    why = failure.what();
  }
  return make_error(ErrorKind::parse, fmt::format("read {}: {}", what, why));
}

template <typename Message>
std::string encoded(const Message& message) {
  return std::visit([](const auto& one) { return to_json(one).dump(); }, message) + "\n";
}

}  // namespace

std::string encode(const ToWorker& message) {
  return encoded(message);
}

std::string encode(const FromWorker& message) {
  return encoded(message);
}

Result<ToWorker> parse_to_worker(std::string_view line) {
  return parsed<ToWorker>(line, "a runner's line", [](const json& object) -> ToWorker {
    const Reader reader(object);
    if (reader.text("is") != "hello") return to_worker(reader);
    check_version(reader);
    return setup_from_json(object);
  });
}

Result<FromWorker> parse_from_worker(std::string_view line) {
  return parsed<FromWorker>(line, "a worker's line", [](const json& object) -> FromWorker {
    return from_worker(Reader(object));
  });
}

Result<WorkerEnded> parse_end_record(std::string_view text) {
  GENESIS_TRY_ASSIGN(FromWorker message, parse_from_worker(text));
  if (auto* ended = std::get_if<WorkerEnded>(&message)) return std::move(*ended);
  return make_error(ErrorKind::parse, "read the record of a job's end: it is something else");
}

}  // namespace genesis::launch::slurm
