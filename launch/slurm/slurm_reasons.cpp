#include "launch/slurm/slurm_reasons.h"

#include <array>

#include "genesis/base/text.h"

namespace genesis::launch::slurm {

namespace {

struct Known {
  std::string_view code;
  const char* words;
  const char* remedy;
  bool waits_forever = false;
};

constexpr const char* kLessTime = "a shorter job_config.time, or a partition that allows more";
constexpr const char* kSmaller =
    "ask for less (job_config.cpus, gpus, mem, constraint), or another partition: sinfo -o "
    "'%P %c %m %G %f'";
constexpr const char* kOtherAccount =
    "set job_config.account or qos to one of yours: sacctmgr show assoc "
    "user=$USER";

constexpr std::array kReasons{
    Known{"None", "SLURM has not looked at it yet", ""},
    Known{"Priority", "jobs of higher priority are before it", ""},
    Known{"Resources", "all that fits is in use; it starts when others end",
          "a shorter job_config.time or less of cpus and mem lets SLURM fit it in sooner"},
    Known{"Dependency", "it waits for the end of another job", ""},
    Known{"DependencyNeverSatisfied", "it waits for another job that ended otherwise than it must",
          "it never starts: scancel it", true},
    Known{"BeginTime", "its time to begin has not come (after a requeue: two minutes)", ""},
    Known{"JobHeldUser", "somebody holds it, with your name", "scontrol release JOB", true},
    Known{"JobHeldAdmin", "an administrator holds it", "ask them why", true},
    Known{"JobHoldMaxRequeue", "it was requeued too often and is held", "scontrol release JOB",
          true},
    Known{"launch failed requeued held", "its node could not start it; it is held",
          "look at the node (scontrol show node), then scontrol release JOB", true},
    Known{"PartitionDown", "the partition takes jobs and starts none now",
          "another partition, or wait"},
    Known{"PartitionInactive", "the partition is inactive", "another partition: sinfo -s", true},
    Known{"PartitionNodeLimit", "it asks for more nodes than the partition has", kSmaller, true},
    Known{"PartitionTimeLimit", "its time is more than the partition allows", kLessTime, true},
    Known{"PartitionConfig", "it asks for more than a node of the partition has", kSmaller, true},
    Known{"BadConstraints", "no node has what it asks for (constraint, nodes, memory, processors)",
          kSmaller, true},
    Known{"ReqNodeNotAvail",
          "nodes that it needs are down, drained or reserved, perhaps for maintenance",
          "sinfo -R says why; a shorter job_config.time ends before a reservation begins"},
    Known{"Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority "
          "partitions",
          "nodes that it needs are down, drained or used by partitions that go first",
          "sinfo -R says why nodes are out; another partition"},
    Known{"NodeDown", "a node that it needs is down", "sinfo -R says why"},
    Known{"Reservation", "its reservation has not begun or is full", "scontrol show reservation"},
    Known{"ReservationDeleted", "its reservation is gone", "job_config.reservation=null", true},
    Known{"Licenses", "licenses that it needs are in use", ""},
    Known{"Cleaning", "its last start is still being cleaned up after", ""},
    Known{"Prolog", "the nodes are being prepared for it", ""},
    Known{"JobArrayTaskLimit", "its array may not have more tasks at a time", ""},
    Known{"MaxMemPerLimit", "it asks for more memory than the cluster allows",
          "less job_config.mem", true},
    Known{"InvalidAccount", "its account is not valid", kOtherAccount, true},
    Known{"InvalidQOS", "its QOS is not valid", kOtherAccount, true},
    Known{"AccountNotAllowed", "its account may not use the partition", kOtherAccount, true},
    Known{"QOSNotAllowed", "its QOS may not be used in the partition", kOtherAccount, true},
    Known{"QOSJobLimit", "as many jobs of its QOS run as may", ""},
    Known{"QOSResourceLimit", "its QOS has all that it may have", ""},
    Known{"QOSTimeLimit", "its QOS has used its time", "another QOS, or wait for the next period"},
    Known{"QOSUsageThreshold", "its QOS needs more unused share than you have", kOtherAccount},
    Known{"AssociationJobLimit", "as many jobs of your account run as may", ""},
    Known{"AssociationResourceLimit", "your account has all that it may have", ""},
    Known{"AssociationTimeLimit", "your account has used its time",
          "another account, or wait for the next period"},
    Known{"AssocMaxJobsLimit", "as many jobs of your account run as may", ""},
    Known{"AssocMaxWallDurationPerJobLimit", "its time is more than its account allows", kLessTime,
          true},
    Known{"QOSMaxWallDurationPerJobLimit", "its time is more than its QOS allows", kLessTime, true},
    Known{"DeadLine", "it cannot end before its deadline", "", true},
    Known{"BurstBufferResources", "the burst buffer is full", ""},
    Known{"BurstBufferStageIn", "its files are being brought to the burst buffer", ""},
    Known{"SchedDefer", "SLURM starts jobs a little later here", ""},
};

/// Codes that come in families: what is limited, for whom.
Known family(std::string_view code) {
  const bool per_job = code.find("PerJob") != std::string_view::npos;
  if (per_job && (code.starts_with("QOSMax") || code.starts_with("AssocMax"))) {
    return {code, "it asks for more than its account or QOS allows for one job", kSmaller, true};
  }
  if (code.starts_with("QOSMin")) {
    return {code, "it asks for less than its QOS is for", "another QOS: job_config.qos", true};
  }
  if (code.starts_with("QOSGrp"))
    return {code, "all who share its QOS have together what they may have", ""};
  if (code.starts_with("AssocGrp")) {
    const bool minutes = code.find("Minutes") != std::string_view::npos ||
                         code.find("RunMin") != std::string_view::npos;
    return {code, "all who share its account have together what they may have",
            minutes ? "its account's time is used up or promised: another account, or a shorter "
                      "job_config.time"
                    : ""};
  }
  if (code.starts_with("QOSMax") || code.starts_with("AssocMax")) {
    return {code, "you have as much in use as your account or QOS may have at a time", ""};
  }
  return {code, "", ""};
}

}  // namespace

Reason explain_reason(std::string_view reason) {
  reason = trim(reason);
  std::string_view code = reason;
  const auto find = [&]() -> const Known* {
    for (const Known& known : kReasons) {
      if (known.code == code) return &known;
    }
    return nullptr;
  };
  const Known* known = find();
  if (known == nullptr) {
    code = code.substr(0, code.find_first_of(", ("));
    known = find();
  }
  const Known found = known != nullptr ? *known : family(code);
  Reason told;
  told.waits_forever = found.waits_forever;
  if (*found.words == '\0') {
    told.code = to_valid_utf8(reason);
    told.words = "SLURM says no more about it";
    return told;
  }
  told.code = found.code;
  told.words = found.words;
  told.remedy = found.remedy;
  return told;
}

std::string hopeless_reason(std::string_view reason) {
  const Reason told = explain_reason(reason);
  // What a person of this run has to release is theirs, also when the run goes on.
  const bool for_good =
      told.waits_forever && told.code != "JobHeldUser" && told.code != "DependencyNeverSatisfied";
  return for_good ? told.words : "";
}

}  // namespace genesis::launch::slurm
