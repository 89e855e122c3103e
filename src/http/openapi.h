// The description of the HTTP API by OpenAPI 3.1, made from the definitions in service (docs/reference/http.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/thread_annotations.h"
#include "http/openapi_calls.h"

namespace kck {

// The whole document, JSON. `version` is KCK's.
std::string OpenApiText(const ApiSubject& subject, std::string_view version);

// A document as it is sent. Immutable.
struct OpenApiDocument {
  std::string text;
  std::string etag;  // with its quotes: a hash of the text
};
using OpenApiDocumentPtr = std::shared_ptr<const OpenApiDocument>;

// The document of the last subject that was asked for, made once for all who ask. Any thread.
class OpenApiDocuments {
 public:
  OpenApiDocumentPtr Of(ApiSubject subject, std::string_view version) KCK_EXCLUDES(mutex_);

 private:
  Mutex mutex_;  // held while a document is made, so that one thread makes it
  ApiSubject subject_ KCK_GUARDED_BY(mutex_);
  OpenApiDocumentPtr document_ KCK_GUARDED_BY(mutex_);  // null: none was asked for
};

}  // namespace kck
