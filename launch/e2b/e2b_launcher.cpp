#include "launch/e2b/e2b_launcher.h"

#include <utility>

#include "launch/e2b/works.h"
#include "launch/launcher_front.h"

namespace genesis::launch {

std::unique_ptr<Launcher> make_e2b_launcher(e2b::E2BOptions options, const LauncherContext& context,
                                            std::shared_ptr<e2b::Provider> provider,
                                            std::string notice) {
  Capabilities capabilities;
  capabilities.survives_runner = true;
  capabilities.effects_outside_machine = true;
  return std::make_unique<LauncherFront<e2b::Works>>(
      "e2b", capabilities,
      std::make_shared<e2b::Works>(std::move(options), context, std::move(provider),
                                   std::move(notice)));
}

}  // namespace genesis::launch
