// Where the hooks of products and updaters are called. Those before are waited for, those after are told and forgotten.
#include "engine/engine_impl.h"
#include "primer/python_hooks.h"

namespace kck {
namespace {

// What waits for a write that a product asks for, or a page, does not wait longer for its hooks.
constexpr auto kBeforeWriteMax = std::chrono::seconds(10);

}  // namespace

bool Engine::Impl::IsRefresh(const Flight& flight) {
  MutexLock lock(keys.Of(flight.key.text).mutex);
  return std::ranges::any_of(flight.waiters, [](const WaiterPtr& waiter) { return waiter->wants_new; });
}

void Engine::Impl::TellPublished(const Flight& flight, const Entry& entry) {
  if (!flight.key.product->hooks || hooks == nullptr) return;
  for (const Hook hook : {Hook::kPostSet, Hook::kPostPrime, Hook::kPostRefresh}) {
    if (hook == Hook::kPostRefresh && !flight.refreshes) continue;
    if (!flight.key.product->hooks->Has(hook)) continue;
    HookEvent event = EventOf(flight.key, hook);
    event.value = entry.value();
    event.hints = flight.hints;
    hooks->After(std::move(event));
  }
}

void Engine::Impl::CallBefore(const Write& write, std::function<void()> then) {
  if (!write.key.product || !write.key.product->hooks || hooks == nullptr) return then();
  hooks->Before(EventOf(write.key, write.purges ? Hook::kPrePurge : Hook::kPreSet), scheduler_.Now() + kBeforeWriteMax,
                std::move(then));
}

void Engine::Impl::TellWritten(const Write& write, const Entry& entry) {
  if (!write.key.product || !write.key.product->hooks || hooks == nullptr) return;
  HookEvent event = EventOf(write.key, write.purges ? Hook::kPostPurge : Hook::kPostSet);
  if (!write.purges) event.value = entry.value();
  hooks->After(std::move(event));
}

void Engine::Impl::CallBefore(const Update& update, std::function<void()> then) {
  if (!update.write.updater->hooks || hooks == nullptr) return then();
  hooks->Before(EventOf(update.write, Hook::kPreUpdate), update.deadline, std::move(then));
}

void Engine::Impl::TellUpdated(const Update& update) {
  if (!update.write.updater->hooks || hooks == nullptr) return;
  hooks->After(EventOf(update.write, Hook::kPostUpdate));
}

}  // namespace kck
