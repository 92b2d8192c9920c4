#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "genesis/process/child_watcher.h"
#include "launch/local/local_launcher.h"
#include "launch/local/warm_server.h"

namespace genesis::launch {

/// The fork servers of a launcher: per interpreter, evaluator and environment as many as jobs can
/// start at a time, started when the second job of that kind comes (a single one gains nothing).
/// I/O thread only.
class WarmPool {
 public:
  struct Settings {
    WarmStarts mode = WarmStarts::when_ready;
    int most_servers = 1;              ///< Per kind of job.
    std::filesystem::path log_folder;  ///< Empty: what imports print goes nowhere.
    std::vector<process::ResourceLimit> limits;
  };
  struct Choice {
    WarmServer* server = nullptr;  ///< Null: start cold, or wait.
    bool wait = false;             ///< A server is on its way and the mode says to wait for it.
  };

  /// `notice` gets one line when a kind of job has to stay cold; `ready` is called when a job that
  /// waits may look again.
  WarmPool(boost::asio::io_context& io, process::ChildWatcher& watcher, Settings settings,
           std::function<void(std::string)> notice, std::function<void()> ready);
  ~WarmPool();
  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;

  /// For a job with this command and environment; `folder` is where it runs.
  Choice choose(const std::string& python, const JobSpec& spec, const Environment& environment,
                const std::string& folder);
  /// Requests under way: children that this process will have and does not know yet.
  std::size_t pending() const;
  /// Ends all servers; jobs that run go on.
  void close();

 private:
  struct Kind {
    int jobs = 0;
    std::string refusal;  ///< Not empty: jobs of this kind are started cold.
    std::vector<std::unique_ptr<WarmServer>> servers;
  };

  void add_server(Kind& kind, const std::string& python, const JobSpec& spec,
                  const Environment& environment, const std::string& folder);
  void look_after(Kind& kind);
  void refuse(Kind& kind, std::string why);

  boost::asio::io_context& io_;
  process::ChildWatcher& watcher_;
  Settings settings_;
  std::function<void(std::string)> notice_;
  std::function<void()> ready_;
  std::map<std::string, Kind> kinds_;
  bool closed_ = false;
};

}  // namespace genesis::launch
