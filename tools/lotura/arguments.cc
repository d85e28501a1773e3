#include "tools/lotura/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "libs/base/errors.h"
#include "tools/lotura/exit_code.h"

namespace lotura::cli {
namespace {

constexpr char kAbout[] = "Works with the records and reports of Lotura.";
constexpr char kFooter[] =
    "Where the services are: --endpoint, LOTURA_ENDPOINT, or var/endpoints.json of a development "
    "stack.\nWho calls: --token-file, LOTURA_TOKEN or LOTURA_TOKEN_FILE, or a certificate.\n"
    "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable, 4 imported with rejects.";

// The parser together with what it fills.
class Parser {
 public:
  Parser() {
    app_.require_subcommand(1);
    app_.footer(kFooter);
    app_.fallthrough();
    app_.set_help_all_flag("--help-all", "Help of all verbs");
    AddGlobals();
    AddRecordVerbs();
    AddReportVerbs();
    AddEvents();
    AddAudit();
    AddTenant();
    AddAdmin();
    AddImport();
    AddVerb("status", "Ask each service whether it serves", status_);
    AddCompletion();
  }

  absl::StatusOr<Arguments> Parse(std::span<const std::string> texts) {
    // The parser of the library throws; nothing it throws goes further than here.
    try {
      app_.parse(std::vector<std::string>(texts.rbegin(), texts.rend()));
    } catch (const CLI::CallForAllHelp&) {
      arguments_.command = Help{app_.help("", CLI::AppFormatMode::All)};
    } catch (const CLI::CallForHelp&) {
      arguments_.command = Help{HelpOfChosen()};
    } catch (const CLI::ParseError& error) {
      // lint-allow(exception-text): it goes to the person who typed what it says
      return UsageError(fmt::format("{}; see lotura {}--help", error.what(), ChosenName()));
    }
    return arguments_;
  }

  std::vector<VerbSummary> Verbs() {
    std::vector<VerbSummary> verbs;
    for (const CLI::App* verb : app_.get_subcommands({})) {
      VerbSummary summary{.name = verb->get_name(), .help = verb->get_description()};
      for (const CLI::App* source : {verb, static_cast<const CLI::App*>(&app_)}) {
        AddOptions(*source, summary);
      }
      for (const CLI::App* inner : verb->get_subcommands({})) AddOptions(*inner, summary);
      std::ranges::sort(summary.options);
      summary.options.erase(std::unique(summary.options.begin(), summary.options.end()),
                            summary.options.end());
      verbs.push_back(std::move(summary));
    }
    return verbs;
  }

 private:
  static void AddOptions(const CLI::App& source, VerbSummary& summary) {
    for (const CLI::Option* option : source.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        if (name != "help-all") summary.options.push_back("--" + name);
      }
    }
  }

  // Of the verb that was given, otherwise of the program.
  std::string HelpOfChosen() {
    const auto chosen = app_.get_subcommands();
    if (chosen.empty()) return app_.help();
    const auto inner = chosen.front()->get_subcommands();
    if (inner.empty()) return chosen.front()->help("lotura");
    return inner.front()->help("lotura " + chosen.front()->get_name());
  }
  std::string ChosenName() {
    std::string name;
    for (auto chosen = app_.get_subcommands(); !chosen.empty();
         chosen = chosen.front()->get_subcommands())
      name += chosen.front()->get_name() + " ";
    return name;
  }

  // A verb that makes the command when it was given.
  template <typename Filled>
  CLI::App& AddVerb(const char* name, const char* help, Filled& filled) {
    CLI::App& verb = *app_.add_subcommand(name, help);
    verb.callback([this, &filled] { arguments_.command = filled; });
    return verb;
  }

  void AddGlobals() {
    app_.add_option("--endpoint", arguments_.connection.endpoints,
                    "host:port of all services, or service=host:port of one; repeatable")
        ->type_name("ADDRESS")
        ->take_all();
    app_.add_option("--token-file", arguments_.connection.token_file, "File that holds the token")
        ->type_name("FILE");
    app_.add_flag("--tls", arguments_.tls, "Encrypted, checked with the system's certificates");
    AddTlsFiles();
    app_.add_option_function<std::string>(
            "-o,--output",
            [this](const std::string& format) {
              arguments_.format = format == "json" ? Format::kJson : Format::kTable;
            },
            "table or json")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"table", "json"}).description(""));
    app_.add_flag_callback(
        "--json", [this] { arguments_.format = Format::kJson; }, "The same as --output json");
    app_.add_option_function<int>(
            "--timeout",
            [this](int seconds) { arguments_.timeout = std::chrono::seconds(seconds); },
            "Longest time that a call may take, in seconds (10)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600).description(""));
  }

  void AddTlsFiles() {
    rpc::TlsFiles& files = arguments_.connection.tls_files;
    app_.add_option("--ca-file", files.authorities,
                    "Certificates that the services' may be signed by; implies --tls")
        ->type_name("FILE");
    app_.add_option("--certificate-file", files.certificate,
                    "Certificate to show, with --key-file; implies --tls")
        ->type_name("FILE");
    app_.add_option("--key-file", files.key, "Private key of the certificate")->type_name("FILE");
  }

  void AddRecordVerbs() {
    CLI::App& get = AddVerb("get", "Show one record", get_);
    get.add_option("NAME", get_.name, "Such as organizations/acme")->required();

    CLI::App& list = AddVerb("list", "List the records of a collection", list_);
    list.add_option("COLLECTION", list_.collection, "Such as organizations or pipelines/p1/stages")
        ->required();
    list.add_option("--parent", list_.parent, "What the collection lies below");
    list.add_option("--filter", list_.filter,
                    "Condition: 'sector = \"medical\" AND employee_count > 100'");
    list.add_option("--order-by", list_.order_by, "One of the orders that the collection declares");
    list.add_option("--columns", list_.columns, "Fields to show")->delimiter(',');
    list.add_option("--page-size", list_.page_size, "Records in one call (200)")
        ->check(CLI::Range(1, 1000).description(""));
    list.add_option("--limit", list_.limit, "Most records to show (1000); 0: all");
    list.add_flag("--show-deleted", list_.show_deleted, "Also what was deleted");

    CLI::App& create = AddVerb("create", "Create a record", create_);
    create.add_option("COLLECTION", create_.collection, "Such as organizations")->required();
    create.add_option("--parent", create_.parent, "What the record lies below");
    create.add_option("--id", create_.id, "Last part of its name; without it one is assigned");
    create.add_option("--data", create_.data, "Its fields in JSON, @FILE or @- for standard input");
    create.add_option("--set", create_.assignments, "field=value; repeatable")->take_all();
    create.add_flag("--validate-only", create_.validate_only, "Check, but change nothing");

    CLI::App& update = AddVerb("update", "Change fields of a record", update_);
    update.add_option("NAME", update_.name, "Such as organizations/acme")->required();
    update
        .add_option("--set", update_.assignments, "field=value; an empty value clears; repeatable")
        ->required()
        ->take_all();
    update.add_option("--etag", update_.etag, "Fail if the record has changed since");
    update.add_flag("--validate-only", update_.validate_only, "Check, but change nothing");

    AddRemoval("delete", "Delete a record", delete_);
    undelete_.removal = Removal::kUndelete;
    AddRemoval("undelete", "Bring a deleted record back", undelete_);

    CLI::App& timeline = AddVerb("timeline", "Show what happened to a record", timeline_);
    timeline.add_option("NAME", timeline_.name, "Such as organizations/acme")->required();
    timeline.add_option("--kind", timeline_.kinds, "created, moved, call ...")->delimiter(',');
    timeline.add_option("--limit", timeline_.limit, "Most entries to show (20); 0: all");
  }

  void AddRemoval(const char* name, const char* help, RemoveFlags& flags) {
    CLI::App& verb = AddVerb(name, help, flags);
    verb.add_option("NAME", flags.name, "Such as organizations/acme")->required();
    verb.add_option("--etag", flags.etag, "Fail if the record has changed since");
  }

  void AddReport(const char* name, const char* help, ReportCommand& command) {
    CLI::App& verb = AddVerb(name, help, command);
    verb.add_option("--pipeline", command.flags.pipeline, "Such as pipelines/b2b");
    verb.add_option("--group-by", command.flags.group_by,
                    "month, owner, team, region, product, sector, country; at most three")
        ->delimiter(',');
    verb.add_option("--where", command.flags.where,
                    "dimension=value,value, such as team=west; repeatable")
        ->take_all();
    verb.add_option("--from", command.flags.start_date, "First day, 2017-03-01");
    verb.add_option("--until", command.flags.end_date, "Day after the last one");
  }

  void AddReportVerbs() {
    AddReport("funnel", "How opportunities pass the stages of a pipeline", funnel_);
    revenue_.report = Report::kRevenue;
    AddReport("revenue", "What won opportunities brought", revenue_);
  }

  void AddEvents() {
    CLI::App& events = *app_.add_subcommand("events", "Follow what services announce");
    events.require_subcommand(1);
    CLI::App& tail = *events.add_subcommand("tail", "Print events as they happen");
    tail.callback([this] { arguments_.command = tail_; });
    tail.add_option("SERVICE", tail_.service, "Such as sales")->required();
    tail.add_option("--from", tail_.from, "latest, earliest or snapshot (latest)")
        ->type_name("START")
        ->check(CLI::IsMember({"latest", "earliest", "snapshot"}).description(""));
    tail.add_option("--resume", tail_.resume_token, "Go on behind the answer that had this token");
    tail.add_option("--resource-type", tail_.resource_types,
                    "Such as sales.lotura/Opportunity; repeatable")
        ->take_all();
    tail.add_option("--event-type", tail_.event_types,
                    "Such as lotura.sales.opportunity.moved.v1; repeatable")
        ->take_all();
    tail.add_option("--name", tail_.names, "Such as opportunities/o1; repeatable")->take_all();
    tail.add_option("--filter", tail_.filter, "Condition on the record; needs one resource type");
    tail.add_option("--limit", tail_.limit, "End after so many (0: never)");
    tail.add_option("--idle", tail_.idle_seconds,
                    "End when nothing came for so many seconds (0: never)")
        ->check(CLI::Range(0, 86400).description(""));
  }

  void AddAudit() {
    CLI::App& audit =
        *app_.add_subcommand("audit", "Bring out the sealed log, verify it, and search it");
    audit.require_subcommand(1);
    CLI::App& exported = *audit.add_subcommand("export", "Print the log of a service, sealed");
    exported.callback([this] { arguments_.command = audit_export_; });
    exported.add_option("SERVICE", audit_export_.service, "Such as sales")->required();
    exported.add_option("--after", audit_export_.after, "Behind the seal of this number (0: all)")
        ->check(CLI::NonNegativeNumber.description(""));
    CLI::App& checkpoint =
        *audit.add_subcommand("checkpoint", "Print the last seal, to be kept elsewhere");
    checkpoint.callback([this] { arguments_.command = audit_checkpoint_; });
    checkpoint.add_option("SERVICE", audit_checkpoint_.service, "Such as sales")->required();
    AddSearch(audit, "reads", "Find who was shown what", audit_reads_);
    audit_changes_.what = AuditSearchFlags::What::kChanges;
    AddSearch(audit, "changes", "Find who changed what", audit_changes_);
    CLI::App& verify = *audit.add_subcommand("verify", "Find what was changed since it was sealed");
    verify.callback([this] { arguments_.command = audit_verify_; });
    verify.add_option("FILE", audit_verify_.files, "Exports that follow each other")->required();
    verify.add_option("--key", audit_verify_.keys, "Public key in PEM; repeatable")
        ->type_name("FILE")
        ->required()
        ->take_all();
    verify.add_flag("--part", audit_verify_.part,
                    "It need not begin with the first seal, nor hold checkpoints before it");
    verify
        .add_option("--checkpoint", audit_verify_.checkpoints,
                    "What checkpoint printed; repeatable")
        ->type_name("FILE")
        ->take_all();
  }

  void AddSearch(CLI::App& audit, const std::string& name, const std::string& help,
                 AuditSearchFlags& flags) {
    CLI::App& search = *audit.add_subcommand(name, help);
    search.callback([this, &flags] { arguments_.command = flags; });
    search.add_option("SERVICE", flags.service, "Such as accounts")->required();
    search.add_option("--who", flags.who, "Only this one, such as users/anna");
    search.add_option("--record", flags.record, "Only this one, such as people/p1");
    search.add_option("--from", flags.from, "A day or a time (a day before the end)");
    search.add_option("--until", flags.until, "A day or a time, not included (now)");
  }

  void AddTenant() {
    CLI::App& tenant = *app_.add_subcommand("tenant", "What concerns the tenant as a whole");
    tenant.require_subcommand(1);
    CLI::App& exported =
        *tenant.add_subcommand("export", "Write all records that the caller may read into files");
    exported.callback([this] { arguments_.command = tenant_export_; });
    exported
        .add_option("DIRECTORY", tenant_export_.directory,
                    "An empty one, or that of a run which was ended")
        ->required();
    exported.add_option("--page-size", tenant_export_.page_size, "Records in one call (500)")
        ->check(CLI::Range(1, 1000).description(""));
  }

  void AddImport() {
    CLI::App& verb = AddVerb("import", "Bring in CSV files by a mapping", import_);
    ImportFlags& flags = import_.flags;
    verb.add_option("MAPPING", flags.mapping, "The mapping file, in YAML")->required();
    verb.add_flag("--dry-run", import_.dry_run, "Read and check everything, send nothing");
    verb.add_option("--rejects", flags.rejects,
                    "File for rows that were rejected (<mapping>.rejects.csv)")
        ->type_name("FILE");
    verb.add_option_function<int>(
            "--patience",
            [this](int seconds) { import_.flags.patience = std::chrono::seconds(seconds); },
            "How long to go on when no service answers, in seconds (60)")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 86400).description(""));
    verb.add_option("--parallel", flags.parallelism.singles, "Calls under way at once (64)")
        ->check(CLI::Range(1, 256).description(""));
    verb.add_option("--batch-size", flags.parallelism.batch_size, "Records created at once (200)")
        ->check(CLI::Range(1, 1000).description(""));
  }

  void AddAdmin() {
    CLI::App& admin = *app_.add_subcommand(
        "admin", "Operate the platform with the settings of its services (LOTURA_ variables)");
    admin.require_subcommand(1);
    CLI::App& replay = *admin.add_subcommand("replay", "Repeat what happened");
    replay.require_subcommand(1);
    AddReplayTopic(replay);
    AddReplayProjection(replay);
  }

  void AddReplayTopic(CLI::App& replay) {
    CLI::App& verb = *replay.add_subcommand("topic", "Publish entries of a journal once more");
    ReplayTopicFlags& flags = replay_topic_;
    verb.callback([this] { arguments_.command = AdminCommand{WordsOf(replay_topic_)}; });
    verb.add_option("SERVICE", flags.service, "Such as sales")->required();
    verb.add_option("--to", flags.topic, "Another topic than the service's own")
        ->type_name("TOPIC");
    verb.add_option("--after", flags.after, "Behind this position, as an earlier run printed it")
        ->type_name("POSITION");
    verb.add_option("--from", flags.from, "Written at this time or later, 2026-03-01T00:00:00Z")
        ->type_name("TIME");
    verb.add_option("--until", flags.until, "Written before this time")->type_name("TIME");
    verb.add_option("--tenant", flags.tenant, "Of this tenant alone")->type_name("ID");
    verb.add_option("--resource-type", flags.resource_types,
                    "Such as sales.lotura/Opportunity; repeatable")
        ->take_all();
    verb.add_option("--event-type", flags.event_types,
                    "Such as lotura.sales.opportunity.moved.v1; repeatable")
        ->take_all();
    verb.add_option("--name", flags.names, "Such as opportunities/o1; repeatable")->take_all();
    verb.add_flag("--dry-run", flags.dry_run, "Only count");
  }

  void AddReplayProjection(CLI::App& replay) {
    CLI::App& verb = *replay.add_subcommand("projection", "Make a projection anew");
    ReplayProjectionFlags& flags = replay_projection_;
    verb.callback([this] { arguments_.command = AdminCommand{WordsOf(replay_projection_)}; });
    verb.add_option("CONSUMER", flags.consumer, "Such as communications.timeline")->required();
    verb.add_flag("--keep-rows", flags.keep_rows,
                  "Empty nothing: handle what the journals still have over what is there");
    verb.add_flag("--dry-run", flags.dry_run, "Only tell what is there");
  }

  void AddCompletion() {
    CLI::App& verb =
        AddVerb("completion", "Print a script that completes the command line", completion_);
    verb.add_option("SHELL", completion_.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
  }

  CLI::App app_{kAbout, "lotura"};
  Arguments arguments_;
  GetFlags get_;
  ListFlags list_;
  CreateFlags create_;
  UpdateFlags update_;
  RemoveFlags delete_;
  RemoveFlags undelete_;
  TimelineFlags timeline_;
  StatusFlags status_;
  TailFlags tail_;
  ReportCommand funnel_;
  ReportCommand revenue_;
  ImportCommand import_;
  ReplayTopicFlags replay_topic_;
  ReplayProjectionFlags replay_projection_;
  AuditExportFlags audit_export_;
  AuditCheckpointFlags audit_checkpoint_;
  AuditSearchFlags audit_reads_;
  AuditSearchFlags audit_changes_;
  AuditVerifyFlags audit_verify_;
  TenantExportFlags tenant_export_;
  CompletionFlags completion_;
};

}  // namespace

absl::StatusOr<Arguments> ParseArguments(std::span<const std::string> arguments) {
  return Parser().Parse(arguments);
}

std::vector<VerbSummary> Verbs() { return Parser().Verbs(); }

}  // namespace lotura::cli
