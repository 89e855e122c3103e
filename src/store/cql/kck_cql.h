/* The driver of Cassandra (the Rust crate of this folder) as C sees it. Only store/cql_*.cc include this.
 *
 * - Any thread may call, unless said otherwise, and from callbacks too.
 * - Each call with a callback leads to exactly one: on a thread of the driver, or, once the client is closed, possibly
 *   inside the call. It must be short and must not throw.
 * - The receiver of a result owns it, and gives it back with kck_cql_result_free(). A result keeps the frame that it
 * came in: its cells point into that, nothing is copied.
 * - Values are raw CQL bytes: of a text or blob its bytes, of a number its big-endian form.
 * - Texts end with a zero byte, are UTF-8, and are copied by the call.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct KckCqlClient KckCqlClient;
typedef struct KckCqlStatement KckCqlStatement;

enum {
  KCK_CQL_OK = 0,
  KCK_CQL_TIMEOUT = 1,     /* the client's own time-out, or one that a node reports: a write may have happened */
  KCK_CQL_UNAVAILABLE = 2, /* no node is reached, or it knows of too few replicas */
  KCK_CQL_OVERLOADED = 3,
  KCK_CQL_BAD_REQUEST = 4, /* the statement, a value or a setting is wrong: trying again does not help */
  KCK_CQL_AUTH = 5,        /* the login or a right is refused */
  KCK_CQL_ABORTED = 6,     /* the client was closed, or failed inside */
  KCK_CQL_OTHER = 7
};

typedef struct KckCqlCell {
  const uint8_t* data;
  int64_t size; /* -1: null */
} KckCqlCell;

typedef struct KckCqlResult {
  int32_t status;
  uint32_t rows, columns;
  const KckCqlCell* cells; /* rows * columns, row by row */
  const char* message;     /* of an error */
  size_t message_size;
  const uint8_t* paging_state; /* where the next page begins; null after the last one */
  size_t paging_state_size;
  KckCqlStatement* statement; /* of kck_cql_prepare(): set to null by who takes it, else freed with the result */
} KckCqlResult;

typedef void (*KckCqlDone)(void* user, KckCqlResult* result);

/* Texts may be null, but for the contact points. */
typedef struct KckCqlSettings {
  const char* contact_points; /* host:port,host:port */
  const char* user;           /* null: no login */
  const char* password;
  const char* ca_file;          /* authorities in PEM form, in place of the system's; read at each connect */
  const char* local_datacenter; /* null: all alike */
  uint32_t threads;
  uint32_t connections_per_host;
  uint32_t connect_timeout_ms;   /* a node; also of preparing a statement */
  uint32_t request_timeout_ms;   /* with all that is tried again */
  uint32_t speculative_delay_ms; /* an idempotent read goes to a second node after so long; 0: it does not */
  uint16_t consistency;          /* by its number in the protocol */
  uint8_t tls;
  uint8_t verify_host; /* the certificate must be for the node's address, and not only of a known authority */
} KckCqlSettings;

#define KCK_CQL_CONSISTENCY_DEFAULT 0xffff
#define KCK_CQL_NO_TIMESTAMP INT64_MIN

typedef struct KckCqlOptions {
  int64_t timestamp_us;        /* KCK_CQL_NO_TIMESTAMP: the node's clock */
  const uint8_t* paging_state; /* null: from the begin */
  size_t paging_state_size;
  uint32_t timeout_ms;         /* 0: the client's */
  uint32_t page_size;          /* rows; 0: all in one answer */
  uint16_t consistency;        /* KCK_CQL_CONSISTENCY_DEFAULT: the client's */
  uint16_t serial_consistency; /* of a lightweight transaction; KCK_CQL_CONSISTENCY_DEFAULT: LOCAL_SERIAL */
  uint8_t idempotent; /* may be sent twice; ignored for lightweight transactions, which are sent once in any case */
} KckCqlOptions;

/* Threads, and no connection yet. Null where threads cannot be started. */
KckCqlClient* kck_cql_open(const KckCqlSettings* settings);

/* Connects; once that was good, further calls succeed at once, and the driver keeps up the connections by itself. Until
 * then it may be called again and again; all other requests are answered with KCK_CQL_UNAVAILABLE. */
void kck_cql_connect(const KckCqlClient* client, KckCqlDone done, void* user);

void kck_cql_prepare(const KckCqlClient* client, const char* cql, KckCqlDone done, void* user);

/* Not while a call uses it; requests that were sent may be under way. */
void kck_cql_statement_free(KckCqlStatement* statement);

/* Statement, cells and options are read by the call, and are the caller's after it. */
void kck_cql_execute(const KckCqlClient* client, const KckCqlStatement* statement, const KckCqlCell* cells,
                     size_t cells_size, const KckCqlOptions* options, KckCqlDone done, void* user);

typedef struct {
  const KckCqlStatement* statement;
  const KckCqlCell* cells;
  size_t cells_size;
} KckCqlBatchItem;

/* One unlogged batch: applied as a whole where all is in one partition. As kck_cql_execute(). */
void kck_cql_batch(const KckCqlClient* client, const KckCqlBatchItem* items, size_t items_size,
                   const KckCqlOptions* options, KckCqlDone done, void* user);

/* A statement that is not prepared, such as one that changes the schema, after which it waits until the nodes agree. */
void kck_cql_query(const KckCqlClient* client, const char* cql, const KckCqlOptions* options, KckCqlDone done,
                   void* user);

void kck_cql_await_schema_agreement(const KckCqlClient* client, KckCqlDone done, void* user);

void kck_cql_result_free(KckCqlResult* result);

typedef struct {
  uint64_t retries;
  uint32_t nodes_known, nodes_up; /* up: has a connection */
} KckCqlCounts;

void kck_cql_counts(const KckCqlClient* client, KckCqlCounts* counts);

/* Calls back all that is under way with KCK_CQL_ABORTED, ends the threads, and returns within 5 s. Calls after it are
 * called back with KCK_CQL_ABORTED. Not from a callback. A second call does nothing. */
void kck_cql_close(const KckCqlClient* client);

/* Closes first. No other call may be under way or follow. */
void kck_cql_free(KckCqlClient* client);

/* For tests: a request that panics on its way. */
void kck_cql_panic(const KckCqlClient* client, KckCqlDone done, void* user);

#ifdef __cplusplus
}
#endif
