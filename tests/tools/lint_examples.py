"""For each rule that is checked on texts: what it must find, and the same done well."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    rule: str
    path: str
    bad: str
    good: str
    # Stands before both.
    head: str = ""
    # Other files of the tree.
    beside: dict[str, str] = field(default_factory=dict)
    about: str = ""

    @property
    def id(self) -> str:
        return f"{self.rule} {self.about}".strip()

    def text(self, body: str) -> str:
        return self.head + body


README = {"libs/pg/README.md": "", "libs/cache/README.md": "", "libs/base/README.md": "",
          "libs/rpc/README.md": "", "libs/events/README.md": "", "services/sales/README.md": "",
          "libs/resource/README.md": ""}
DECLARED = {"proto/lotura/sales/v1/opportunity.proto":
            'option (lotura.options.v1.resource) = {table: "opportunity"};'}


def header(rule: str, bad: str, good: str, about: str = "", path: str = "libs/cache/x.h") -> Example:
    return Example(rule, path, bad, good, head="#pragma once\n", beside=README, about=about)


def source(rule: str, bad: str, good: str, about: str = "", path: str = "libs/cache/x.cc") -> Example:
    return Example(rule, path, bad, good, beside=README, about=about)


def query(rule: str, bad: str, good: str, about: str = "", path: str = "services/sales/move.sql") -> Example:
    return Example(rule, path, bad, good, head="-- name: Tasks\n", beside=DECLARED, about=about)


def migration(rule: str, bad: str, good: str, about: str = "") -> Example:
    return Example(rule, "services/sales/migrations/0002_tasks.sql", bad, good, about=about)


def page(rule: str, bad: str, good: str, path: str, about: str = "", **beside: str) -> Example:
    return Example(rule, path, bad, good, beside=beside, about=about)


TABLE = 'CREATE TABLE task (tenant_id uuid NOT NULL, {}, PRIMARY KEY (tenant_id, name));\n'
NAME = 'name text COLLATE "C" NOT NULL'
# Put together, so that this file does not break the rule.
UNFINISHED = "TO" + "DO"
DEAD_CPP = "  //" + " count = count + 1;\n"
DECISION = "# Title\n\n## Context\n\n## Decision\n\n## Consequences\n"
ALERT = "groups:\n- rules:\n  - alert: Stalled\n    annotations:\n      {}\n"

SIZES = [
    source("file-size", "int a;\n" * 401, "int a;\n" * 400),
    source("file-size", "int a;\n" * 501, "int a;\n" * 500, "of a test", path="libs/cache/x_test.cc"),
    Example("file-size", "libs/pg/README.md", "Line\n" * 121, "Line\n" * 120, about="of a README"),
    source("function-size", "void F() {\n" + "  G();\n" * 59 + "}\n", "void F() {\n" + "  G();\n" * 58 + "}\n"),
    source("function-size", "A::A(int b)\n    : b_{b} {\n" + "  G();\n" * 58 + "}\n", "A::A(int b)\n    : b_{b} {\n}\n",
           "of a constructor"),
    source("function-size", "def f():\n" + "    g()\n" * 60, "def f():\n" + "    g()\n" * 59, "of Python",
           path="tools/x.py"),
    source("parameters", "void F(int a, int b, int c, int d, int e, int f, int g) {}\n",
           "void F(int a, std::map<int, int> b, int c, int d, int e, int f) {}\n"),
    source("parameters", "def f(a, b, c, d, e, f, g):\n    pass\n", "def f(a, b, c, d, e, f):\n    pass\n", "of Python",
           path="tools/x.py"),
    source("python-syntax", "def f(:\n", "def f():\n    pass\n", path="tools/x.py"),
    source("include-path", '#include "x.h"\n', '#include "libs/cache/x.h"\n'),
    Example("include-guard", "libs/cache/x.h", "int F();\n", "#pragma once\nint F();\n", beside=README),
]

LAYERS = [
    source("include-layer", "#include <pqxx/pqxx>\n", '#include "libs/pg/database.h"\n', "of a foreign library"),
    source("include-layer", "#include <hiredis/hiredis.h>\n", "#include <grpcpp/server.h>\n", "of a benchmark",
           path="tools/bench/server/echo.cc"),
    source("include-layer", '#include "libs/resource/store.h"\n', '#include "libs/base/uuid.h"\n', "of a library above"),
    source("include-layer", '#include "services/sales/app.h"\n', "", "of a library on a service"),
    source("include-layer", '#include "lotura/sales/v1/deal.pb.h"\n', '#include "lotura/events/v1/change.pb.h"\n',
           "of a library on a service's messages"),
    source("include-layer", "#include <absl/strings/str_cat.h>\n", "#include <absl/status/status.h>\n", "of Abseil"),
    header("include-layer", "#include <nlohmann/json.hpp>\n", "#include <string>\n", "of JSON in a header"),
    source("include-layer", '#include "libs/pg/database.h"\n', '#include "lotura/sales/v1/deal.pb.h"\n', "of domain/",
           path="services/sales/domain/stage.cc"),
    source("include-layer", '#include "services/accounts/app.h"\n', '#include "services/sales/app.h"\n',
           "of another service", path="services/sales/move.cc"),
    Example("include-layer", "services/sales/opportunity.cc", '#include "libs/events/consumer.h"\n',
            '#include "libs/resource/rules.h"\n', beside={**DECLARED, **README}, about="of a resource's rules"),
    source("include-layer", '#include "libs/cache/cache.h"\n', '#include "libs/events/consumer.h"\n', "of a verb",
           path="services/sales/on_moved.cc"),
    source("include-layer", '#include "libs/pg/database.h"\n', '#include "libs/events/bus.h"\n',
           "of the simulation on a server", path="tests/simulation/broker.cc"),
]

SMELLS = [
    source("catch-all", "void F() { try { G(); } catch (...) { } }\n", "void F() { G(); }\n"),
    source("exception-text", "auto Text(const E& e) { return e.what(); }\n", "// what() is not for callers.\n"),
    source("throw", "void F() { throw E(); }\n", 'const char* kText = "throw";\n'),
    source("sleep-in-test", "void F() { std::this_thread::sleep_for(kLong); }\n", "void F() { Eventually(g, kLong); }\n",
           path="libs/cache/x_test.cc"),
    source("sleep-in-test", "import time\ntime.sleep(1)\n", "import time\ntime.monotonic()\n", "of Python",
           path="tests/e2e/test_x.py"),
    header("bool-parameter", "void List(int size, bool deleted = false);\n", "bool Has(int size);\n"),
    header("bool-parameter", "void OnDone(bool ok);\nvoid F() override;\n", "void OnDone(bool ok) override;\n", "of others"),
    header("name-says-nothing", "class RecordManager {};\n", "class Database {};\nclass Databases {};\n"),
    header("using-namespace", "using namespace std;\n", "using std::string;\n"),
    source("thread-unjoined", "void F() { std::thread a(g); }\n", "void F() { std::jthread a(g); }\n"),
    source("thread-unjoined", "void F() { worker.detach(); }\n", "void F() { worker.join(); }\n", "by detach"),
    source("publish-from-handler", "void F() { bus.Produce(m); }\n", "void F() { changes.Put(m); }\n",
           path="services/sales/move.cc"),
    header("atomic-shared-ptr", "extern std::atomic<std::shared_ptr<int>> value;\n", "extern Snapshot<int> value;\n"),
    header("abseil-string", "int F(absl::string_view text);\n", "int F(std::string_view text);\n"),
    source("sql-in-string", 'const char* kText = R"(SELECT name FROM task)";\n', 'const char* kText = "Select a row";\n'),
    header("shared-member", "class A {\n  std::shared_ptr<int> count_;\n};\n",
           "class A {\n  // Shared with the reactor.\n  std::shared_ptr<int> count_;\n};\n"),
    header("tenant-key", "class A {\n  std::map<std::string, int> seen_;\n};\n",
           "class A {\n  std::map<std::string, int> seen_;  // of one tenant\n};\n"),
    header("tenant-key", "class A {\n  std::unordered_set<std::string_view> seen_ = {};\n};\n",
           "// Of one tenant.\nclass A {\n  std::unordered_set<std::string_view> seen_ = {};\n};\n", "of a set"),
    source("dead-code", f"void F() {{\n{DEAD_CPP}}}\n", "void F() {\n  // Counts from one; see README.md.\n}\n"),
    source("dead-code", "# import" + " os\n", "# Imports come first.\n", "of Python", path="tools/x.py"),
    source("dead-code", "--" + " SELECT name\nSELECT 1;\n", "-- Selects what is due.\nSELECT 1;\n", "of SQL",
           path="libs/pg/x.sql"),
    source("unfinished", f"// {UNFINISHED}: later\n", f"// {UNFINISHED}(#12): when there is more than one.\n"),
    source("machine-path", 'const char* kPath = "/ho' + 'me/anna/x";\n', 'const char* kPath = "/usr/bin/x";\n'),
]

QUERIES = [
    query("sql-tenant", "SELECT name FROM task WHERE state = $2;\n", "SELECT name FROM task WHERE tenant_id = $1 AND state = $2;\n"),
    query("sql-tenant", "SELECT name FROM task WHERE state = $2 AND tenant_id = $1;\n",
          "SELECT t.name FROM task AS t WHERE t.tenant_id = $1::uuid AND t.state = $2;\n", "not first"),
    query("sql-tenant", "SELECT name FROM task ORDER BY name;\n", "SELECT n FROM unnest($1::text[]) AS n;\n", "without WHERE"),
    query("sql-tenant", "SELECT t.name FROM task t JOIN deal d ON d.name = t.deal WHERE t.tenant_id = $1;\n",
          "SELECT t.name FROM task t JOIN deal d ON d.tenant_id = t.tenant_id AND d.name = t.deal WHERE t.tenant_id = $1;\n",
          "of a join"),
    query("sql-tenant", "SELECT name FROM task WHERE tenant_id = $1 AND EXISTS (SELECT 1 FROM deal WHERE state = 'WON');\n",
          "SELECT name FROM task WHERE tenant_id = $1 AND EXISTS (SELECT 1 FROM deal WHERE tenant_id = $1);\n", "of a subquery"),
    query("sql-tenant", "WITH due AS (SELECT name FROM task WHERE state = $2) SELECT name FROM due WHERE name > $3;\n",
          "WITH due AS (SELECT name FROM task WHERE tenant_id = $1) SELECT name FROM due WHERE name > $3;\n", "of WITH"),
    query("sql-tenant", "-- tenant-free: upkeep\nSELECT name FROM task;\n", "SELECT now();\n", "exempt in a service"),
    query("sql-tenant", "INSERT INTO task (name) VALUES ($1);\n",
          "INSERT INTO task (tenant_id, name) VALUES ($1, $2) ON CONFLICT (tenant_id, name) DO UPDATE SET name = $2;\n",
          "of an insert", path="services/sales/on_moved.sql"),
    query("sql-tenant", "SELECT name FROM task;\n", "-- tenant-free: seen by the purge of all tenants\nSELECT name FROM task;\n",
          "of a library", path="libs/resource/purge.sql"),
    query("sql-columns", "SELECT t.* FROM task t WHERE t.tenant_id = $1;\n", "SELECT count(*), 2 * 3 FROM task WHERE tenant_id = $1;\n"),
    query("sql-columns", "INSERT INTO schema_migration VALUES ($1, $2);\n",
          "INSERT INTO schema_migration (number, what) VALUES ($1, $2);\n", "of an insert", path="libs/pg/x.sql"),
    query("sql-lock", "SELECT name FROM task WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED;\n",
          "SELECT name FROM task WHERE tenant_id = $1;\n"),
    query("sql-offset", "SELECT name FROM task WHERE tenant_id = $1 LIMIT 10 OFFSET $2;\n",
          "SELECT name FROM task WHERE tenant_id = $1 AND name > $2 LIMIT 10;\n"),
    query("sql-engine-writes", "UPDATE opportunity SET state = 'WON' WHERE tenant_id = $1;\n",
          "UPDATE timeline SET state = 'WON' WHERE tenant_id = $1;\n", path="services/sales/on_moved.sql"),
    query("sql-verb-reads", "DELETE FROM timeline WHERE tenant_id = $1;\n", "SELECT name FROM timeline WHERE tenant_id = $1;\n"),
]

MIGRATIONS = [
    migration("migration-cascade", "DROP TABLE task CASCADE;\n", "DROP TABLE task;\n"),
    migration("migration-index", "CREATE INDEX i ON task (tenant_id, name);\n",
              TABLE.format(NAME) + "CREATE INDEX i ON task (tenant_id, name);\n"),
    migration("migration-index", "CREATE INDEX CONCURRENTLY i ON task (tenant_id, name);\nSELECT 1;\n",
              "CREATE INDEX CONCURRENTLY i ON task (tenant_id, name);\n", "beside other statements"),
    migration("migration-collation", TABLE.format("name text NOT NULL"), TABLE.format(NAME)),
    migration("migration-collation", "ALTER TABLE task ADD COLUMN note text;\n",
              'ALTER TABLE task ADD COLUMN note text COLLATE "C", ADD UNIQUE (tenant_id, note);\n', "of a new column"),
    migration("migration-type", TABLE.format(NAME + ", due timestamp"), TABLE.format(NAME + ", due timestamptz")),
    migration("migration-tenant", f"CREATE TABLE task (tenant_id uuid, {NAME}, PRIMARY KEY (name));\n", TABLE.format(NAME)),
    migration("migration-tenant", f"CREATE TABLE task ({NAME});\n",
              f"-- tenant-free: settings of the whole installation\nCREATE TABLE task ({NAME});\n", "of a table"),
    migration("migration-tenant", TABLE.format(NAME) + "CREATE INDEX i ON task (name);\n",
              TABLE.format(NAME) + "CREATE UNIQUE INDEX i ON task (tenant_id, name) WHERE name > '';\n", "of an index"),
]

DOCUMENTS = [
    page("link", "See [it](none.md).\n", "See [it](there.md#its-heading) and [that](https://example.org).\n", "docs/x.md",
         **{"docs/there.md": "# Its heading\n"}),
    page("link", "See [it](there.md#none).\n", "See [the folder](../docs).\n", "docs/x.md", "to a heading",
         **{"docs/there.md": "# Its heading\n"}),
    page("decision", "# Title\n\n## Context\n", DECISION, "docs/adr/0001-title.md"),
    page("decision", DECISION + "\n" * 90, DECISION, "docs/adr/0001-title.md", "too long"),
    page("runbook", ALERT.format("summary: x"), ALERT.format("runbook_url: docs/runbooks/sales.md#stalled"),
         "deploy/prometheus/alerts/sales.yaml", **{"docs/runbooks/sales.md": "# Stalled\n"}),
    page("runbook", ALERT.format("runbook_url: docs/runbooks/sales.md#other"),
         ALERT.format("runbook_url: https://example.org/docs/runbooks/sales.md#stalled"),
         "deploy/prometheus/alerts/sales.yaml", "without the heading", **{"docs/runbooks/sales.md": "# Stalled\n"}),
]

EXAMPLES = [*SIZES, *LAYERS, *SMELLS, *QUERIES, *MIGRATIONS, *DOCUMENTS]


def proto_file() -> str:
    return """syntax = "proto3";

package lotura.sales.v1;

import "google/api/resource.proto";
import "lotura/options/v1/options.proto";

// Deals.
service DealService {
  // Returns one deal.
  rpc GetDeal(GetDealRequest) returns (Deal) {
    option (lotura.options.v1.rpc) = {permission: "sales.deals.read"};
  }
}

// Which deal.
message GetDealRequest {
  // Its name.
  string name = 1;
  // No record, so no mark is needed.
  string email = 2;
}

// A deal.
message Deal {
  option (google.api.resource) = {type: "sales.lotura/Deal" pattern: "deals/{deal}"};
  option (lotura.options.v1.resource) = {table: "deal"};
  // Its name.
  string name = 1;
  // Whom to write to.
  string contact_email = 2 [(lotura.options.v1.field) = {personal: true}];
  // Who takes part.
  repeated Contact contacts = 3;
  // How sure we are.
  double probability = 4;
  // What holds of it.
  State state = 5;

  // Whether it is open.
  enum State {
    // Not known.
    STATE_UNSPECIFIED = 0;
  }
}

// Someone who takes part.
message Contact {
  // Where to call.
  repeated string phones = 1 [(lotura.options.v1.field).personal = true];
}
"""


PROTO_EXAMPLES = [
    ("proto-comment", "  // Whom to write to.\n", ""),
    ("proto-comment", "    // Not known.\n", ""),
    ("proto-comment", "  // Returns one deal.\n", ""),
    ("proto-comment", "// Deals.\n", ""),
    ("proto-policy", '    option (lotura.options.v1.rpc) = {permission: "sales.deals.read"};\n', ""),
    ("proto-policy", '"sales.deals.read"', '"read"'),
    ("proto-policy", '"sales.deals.read"', '"accounts.deals.read"'),
    ("proto-authorization", "rpc GetDeal(", "rpc CloseDeal("),
    ("proto-personal", "string contact_email = 2 [(lotura.options.v1.field) = {personal: true}];", "string contact_email = 2;"),
    ("proto-personal", "repeated string phones = 1 [(lotura.options.v1.field).personal = true];", "repeated string phones = 1;"),
    ("proto-money", "double probability = 4;", "double total_amount = 4;"),
]
