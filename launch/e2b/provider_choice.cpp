#include "launch/e2b/provider_choice.h"

#include <fmt/format.h>

#include "genesis/base/log.h"
#include "launch/e2b/http_provider.h"
#include "launch/e2b/local_server.h"

namespace genesis::launch::e2b {

Result<ProviderSource> choose_provider(ProviderChoice wanted, const AddressSettings& settings) {
  if (wanted == ProviderChoice::local) return ProviderSource::own;
  if (!settings.api_key.empty() || settings.debug) return ProviderSource::given;
  const bool has_address =
      !settings.domain.empty() || !settings.api_url.empty() || !settings.sandbox_url.empty();
  if (!has_address && wanted == ProviderChoice::automatic) return ProviderSource::own;
  return make_error(ErrorKind::invalid_argument,
                    "E2B_API_KEY not set: export E2B_API_KEY=your_api_key (without a key and an "
                    "address, sandboxes are made on this machine)");
}

Result<ChosenAddress> choose_address(ProviderChoice wanted) {
  AddressSettings settings = address_settings_of_environment();
  GENESIS_TRY_ASSIGN(const ProviderSource source, choose_provider(wanted, settings));
  std::string notice;
  if (source == ProviderSource::own) {
    GENESIS_TRY_ASSIGN(const LocalServer server, find_or_start_server(own_server_folder()));
    settings = AddressSettings();
    settings.api_key = server.api_key;
    settings.api_url = settings.sandbox_url = server.url;
    notice = fmt::format(
        "E2B_API_KEY not set: sandboxes are made on this machine, by genesis sandboxd at {}",
        server.url);
  }
  register_secret(settings.api_key);
  GENESIS_TRY_ASSIGN(Addressing addressing, Addressing::from(std::move(settings)));
  return ChosenAddress{std::move(addressing), std::move(notice)};
}

Result<ChosenProvider> make_provider(boost::asio::io_context& io, ProviderChoice wanted) {
  GENESIS_TRY_ASSIGN(ChosenAddress chosen, choose_address(wanted));
  ProviderLimits limits;
  limits.create_tries = 1;  // The pool learns from refusals and waits better than a call can.
  return ChosenProvider{std::make_shared<HttpProvider>(io, std::move(chosen.addressing), limits),
                        std::move(chosen.notice)};
}

}  // namespace genesis::launch::e2b
