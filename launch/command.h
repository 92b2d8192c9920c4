#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/error.h"
#include "launch/registry.h"

namespace genesis::launch {

/// One option of a command.
struct CommandOption {
  std::string name;        ///< "--listen"
  std::string value_name;  ///< "ADDR:PORT"; empty: a flag.
  std::string help;
  /// Called for each time it was given; "" for a flag. An error's message is shown as usage error.
  std::function<Status(const std::string& value)> read;
};

/// What a command is given by its place.
struct CommandArgument {
  std::string name;  ///< "SANDBOX"
  std::string help;
  bool required = true;
  bool many = false;  ///< The last one may take all that is left.
  /// As of an option; once for each.
  std::function<Status(const std::string& value)> read;
};

/// A subcommand of `genesis` that a folder of launch/ brings along. Nothing outside its folder
/// names it but the registration.
struct Command {
  std::string name;
  std::string summary;   ///< One line for --help.
  std::string examples;  ///< Footer of its own --help.
  bool hidden = false;   ///< Not in the list of commands: programs call it.
  std::vector<CommandOption> options;
  std::vector<CommandArgument> arguments;
  /// Commands of its own (`genesis sandbox list`); one of them must be given, and `run` is not
  /// used.
  std::vector<Command> commands;
  std::function<Result<int>()> run;                 ///< Until it is done; the code to end with.
  std::function<std::vector<DoctorLine>()> doctor;  ///< Its part of `genesis doctor`; may be empty.
};

/// What a command may know of a run; its store is nobody's here.
struct RunFacts {
  std::filesystem::path folder;  ///< Absolute.
  std::string id;
  std::string status;  ///< "finished"
  std::string owner;   ///< Who runs it now: "host n1, process 12"; empty: nobody.
  /// What it has used so far, as rows for people.
  std::vector<std::pair<std::string, std::string>> usage;
};
/// RUN as all commands of `genesis` understand it. The composition root has it; kind `not_found`
/// for none or several.
using FindRun = std::function<Result<RunFacts>(const std::string& run)>;

/// Registered by register_builtin_commands() (launch/builtin.cpp, the only file that names them) or
/// by the embedding program, before threads start.
void register_command(Command command);
void register_builtin_commands(const FindRun& find_run);
const std::vector<Command>& all_commands();

}  // namespace genesis::launch
