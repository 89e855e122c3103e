#include "primer/product_primer.h"

#include "base/json.h"
#include "base/log.h"

namespace kck {
namespace {

// Takes what a hook made of the value in its place.
Result<Primed> Take(Primed primed, Result<PythonResult> made, const std::string& key) {
  if (!made) return Failure(std::move(made.error()));
  primed.empty = made->empty;
  primed.value = made->empty ? "[]" : std::move(made->value);
  primed.cost_us += made->cost_us;
  if (IsJson(primed.value)) return primed;
  return Fail(ErrorCode::kPrimerFailed, "what came of a hook of " + key + " is no JSON");
}

}  // namespace

void ProductPrimer::Prime(Request request, TimePoint deadline) {
  const ProductPtr product = request.key.product;
  if (!product->hooks) return Of(*product).Prime(std::move(request), deadline);
  const auto kept = std::make_shared<Request>(std::move(request));
  CallBefore(*kept, deadline, [this, kept, deadline] {
    MakeValues(*kept, deadline);
    const ProductPtr product = kept->key.product;
    Of(*product).Prime(std::move(*kept), deadline);
  });
}

void ProductPrimer::PrimeBehind(std::vector<Request> requests, TimePoint deadline) {
  const ProductPtr product = requests.front().key.product;
  if (!product->hooks) return Of(*product).PrimeBehind(std::move(requests), deadline);
  const auto kept = std::make_shared<std::vector<Request>>(std::move(requests));
  const auto waiting = std::make_shared<std::atomic<std::size_t>>(kept->size());
  for (const Request& request : *kept) {
    CallBefore(request, deadline, [this, product, kept, waiting, deadline] {
      if (--*waiting > 0) return;
      for (Request& one : *kept) MakeValues(one, deadline);
      Of(*product).PrimeBehind(std::move(*kept), deadline);
    });
  }
}

void ProductPrimer::ReadMoment(const std::string& database, TimePoint deadline, Callback done) {
  // What Python computes without a database has no moments.
  if (database == kPythonDatabase) return done(Primed{});
  sql_.ReadMoment(database, deadline, std::move(done));
}

void ProductPrimer::CallBefore(const Request& request, TimePoint deadline, std::function<void()> then) {
  const auto event = [&request](Hook hook) {
    HookEvent made = EventOf(request.key, hook);
    made.hints = request.hints;
    return made;
  };
  auto set = [this, deadline, pre_set = event(Hook::kPreSet), then = std::move(then)] {
    hooks_.Before(pre_set, deadline, then);
  };
  auto prime = [this, deadline, pre_prime = event(Hook::kPrePrime), set = std::move(set)] {
    hooks_.Before(pre_prime, deadline, set);
  };
  if (!request.refreshes) return prime();
  hooks_.Before(event(Hook::kPreRefresh), deadline, std::move(prime));
}

void ProductPrimer::MakeValues(Request& request, TimePoint deadline) {
  if (!request.key.product->hooks->make_values()) return;
  auto made = [this, key = request.key, hints = request.hints, deadline,
               done = std::move(request.done)](Result<Primed> primed) {
    if (!primed) return done(std::move(primed));
    Filter(key, hints, deadline, *std::move(primed), done);
  };
  request.done = std::move(made);
}

void ProductPrimer::Filter(const ResolvedKey& key, const Hints& hints, TimePoint deadline, Primed primed,
                           Callback done) {
  HookEvent event = EventOf(key, Hook::kResultFilter);
  if (!event.hooks->Has(event.hook)) return Augment(key, hints, deadline, std::move(primed), std::move(done));
  event.value = primed.value;
  const auto kept = std::make_shared<Primed>(std::move(primed));
  hooks_.Make(std::move(event), deadline,
              [this, key, hints, deadline, kept, done = std::move(done)](Result<PythonResult> made) {
                Result<Primed> taken = Take(std::move(*kept), std::move(made), key.text);
                if (!taken) return done(std::move(taken));
                Augment(key, hints, deadline, *std::move(taken), done);
              });
}

// The value is whole without it: where it fails, what was computed stands.
void ProductPrimer::Augment(const ResolvedKey& key, const Hints& hints, TimePoint deadline, Primed primed,
                            Callback done) {
  HookEvent event = EventOf(key, Hook::kComputeAugmentedValue);
  if (!event.hooks->Has(event.hook) || hints.all().empty() || primed.empty) return done(std::move(primed));
  event.value = primed.value;
  event.hints = hints;
  const auto kept = std::make_shared<Primed>(std::move(primed));
  hooks_.Make(std::move(event), deadline, [key, kept, done = std::move(done)](Result<PythonResult> made) {
    if (!made || made->empty) {
      if (!made) LogWarning("{}: {}\n{}", key.text, made.error().message, made.error().detail);
      return done(std::move(*kept));
    }
    done(Take(std::move(*kept), std::move(made), key.text));
  });
}

}  // namespace kck
