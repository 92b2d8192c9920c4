#include "launch/e2b/e2b_doctor.h"

#include "launch/e2b/addressing.h"
#include "launch/e2b/provider_choice.h"

namespace genesis::launch::e2b {

std::vector<DoctorLine> doctor() {
  const AddressSettings settings = address_settings_of_environment();
  DoctorLine line;
  line.what = "sandbox provider";
  const auto source = choose_provider(ProviderChoice::automatic, settings);
  const auto addressing = Addressing::from(settings);
  if (!source || !addressing) {
    line.ok = false;
    line.found = "none";
    line.remedy = source ? addressing.error().message : source.error().message;
  } else if (*source == ProviderSource::own) {
    line.found = "genesis sandboxd of this machine, as there is no key";
  } else {
    line.found = addressing->control_url("");
  }
  return {line};
}

}  // namespace genesis::launch::e2b
