package dev.leadline.sdk;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Timestamp;
import dev.leadline.v1.AuditRecord;
import dev.leadline.v1.CreateWorkflowRequest;
import dev.leadline.v1.DuplicatePolicy;
import dev.leadline.v1.Event;
import dev.leadline.v1.ExportAuditRecordsRequest;
import dev.leadline.v1.ImportRow;
import dev.leadline.v1.Lead;
import dev.leadline.v1.ListLeadEventsRequest;
import dev.leadline.v1.ListLeadsRequest;
import dev.leadline.v1.LogInRequest;
import dev.leadline.v1.Model;
import dev.leadline.v1.WatchScoresRequest;
import dev.leadline.v1.Workflow;
import io.grpc.StatusRuntimeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Drives this SDK for the contract suite of all SDKs, tests/sdk: it reads calls as lines of JSON and answers them. */
final class ContractDriver {
    private static final Instant MOMENT = Instant.parse("2026-01-02T03:04:05Z");
    private static final Gson JSON = new Gson().newBuilder().serializeNulls().create();

    private LeadlineClient client;

    private ContractDriver() {}

    public static void main(String[] arguments) throws IOException {
        ContractDriver driver = new ContractDriver();
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject told = JsonParser.parseString(line).getAsJsonObject();
            Map<String, Object> answer = new LinkedHashMap<>();
            try {
                answer.put("result", driver.carryOut(told.get("call").getAsString(), told));
            } catch (LeadlineException | IllegalArgumentException failure) {
                answer.put("error", errorOf(failure));
            } catch (StatusRuntimeException failure) {
                answer.put("error", errorOf(LeadlineException.from(failure)));
            }
            answers.println(JSON.toJson(answer));
        }
        System.exit(0);
    }

    private Object carryOut(String call, JsonObject told) {
        switch (call) {
            case "version":
                return Version.VERSION;
            case "connect":
                return connect(told);
            case "get_lead":
                return client.getLead(text(told, "name")).getExternalId();
            case "create_lead":
                CallSettings settings = new CallSettings(null, text(told, "idempotency_key"));
                return client.createLead(Lead.newBuilder().setExternalId(text(told, "external_id")).build(), settings)
                        .getName();
            case "change_owner":
                Lead lead = client.getLead(text(told, "name")).toBuilder().setOwner(text(told, "owner")).build();
                client.updateLead(lead, List.of(), CallSettings.DEFAULT);
                return null;
            case "list_leads":
                List<String> found = new ArrayList<>();
                ListLeadsRequest which = ListLeadsRequest.newBuilder().setPageSize(number(told, "page_size")).build();
                client.listLeads(which).forEach(listed -> found.add(listed.getExternalId()));
                return found;
            case "import_leads":
                return importLeads(number(told, "count"), numbers(told));
            case "record_events":
                return recordEvents(number(told, "count"), numbers(told));
            case "batch_score_leads":
                return batchScoreLeads(texts(told));
            case "watch_scores":
                return watchScores(told);
            case "publish_events":
                return publishEvents(number(told, "count"), numbers(told));
            case "watch_notifications":
                return watchNotifications(told);
            case "methods":
                return Arrays.stream(LeadlineClient.class.getMethods()).map(Method::getName).toList();
            case "list_lead_events":
                ListLeadEventsRequest history = ListLeadEventsRequest.newBuilder()
                        .setParent(text(told, "name"))
                        .setPageSize(number(told, "page_size"))
                        .build();
                List<String> ids = new ArrayList<>();
                client.listLeadEvents(history).forEach(event -> ids.add(event.getEvent().getEventId()));
                return ids;
            case "export_audit_records":
                try (var records = client.exportAuditRecords(ExportAuditRecordsRequest.getDefaultInstance())) {
                    return records.map(AuditRecord::getName).toList();
                }
            case "create_workflow":
                Workflow workflow = Workflow.newBuilder().setDisplayName(text(told, "display_name")).build();
                CreateWorkflowRequest creation = CreateWorkflowRequest.newBuilder().setWorkflow(workflow).build();
                return client.createWorkflow(creation).getDisplayName();
            case "get_leads_at_once":
                return getLeadsAtOnce(text(told, "name"), number(told, "count"));
            case "log_in":
                LogInRequest request = LogInRequest.newBuilder()
                        .setEmail(text(told, "email"))
                        .setPassword(text(told, "password"))
                        .build();
                client.logIn(request);
                return null;
            case "train_model":
                List<String> stages = new ArrayList<>();
                Model model = client.trainModel().await(Duration.ofMinutes(1), now -> stages.add(now.getStage()));
                return Map.of("model", model.getName(), "stages", stages);
            case "field_value":
                return Base64.getEncoder().encodeToString(FieldValues.of(plain(told.get("value"))).toByteArray());
            default:
                throw new IllegalArgumentException("no call is named " + call);
        }
    }

    private Object connect(JsonObject told) {
        if (client != null) {
            client.close();
        }
        LeadlineClientBuilder builder = LeadlineClient.builder(text(told, "address")).plaintext();
        if (told.has("api_key")) {
            builder.apiKey(text(told, "api_key"));
        } else {
            builder.token(text(told, "token"));
        }
        if (told.has("timeout_ms")) {
            builder.timeout(Duration.ofMillis(number(told, "timeout_ms")));
        }
        if (told.has("user_agent")) {
            builder.userAgent(text(told, "user_agent"));
        }
        client = builder.build();
        return null;
    }

    private Object importLeads(int count, List<Integer> bad) {
        var rows = IntStream.rangeClosed(1, count)
                .mapToObj(line -> {
                    Lead.Builder lead = Lead.newBuilder().setExternalId(Integer.toString(line));
                    return ImportRow.newBuilder()
                            .setLineNumber(line)
                            .setLead(bad.contains(line) ? lead.setEmail("nonsense") : lead)
                            .build();
                })
                .iterator();
        ImportResult result =
                client.importLeads(rows, DuplicatePolicy.DUPLICATE_POLICY_SKIP, soFar -> {}, CallSettings.DEFAULT);
        List<List<Object>> refused = result.refusedRows().stream()
                .map(row -> List.<Object>of(row.lineNumber(), row.error().reason()))
                .toList();
        return Map.of("created", result.createdCount(), "refused", refused);
    }

    private static Iterator<Event> events(int count, List<Integer> bad) {
        Timestamp moment = Timestamp.newBuilder().setSeconds(MOMENT.getEpochSecond()).build();
        return IntStream.range(0, count)
                .mapToObj(place -> Event.newBuilder()
                        .setEventId(Integer.toString(place))
                        .setLeadExternalId(bad.contains(place) ? "nobody" : "somebody")
                        .setType("page_view")
                        .setOccurredTime(moment)
                        .build())
                .iterator();
    }

    private Object recordEvents(int count, List<Integer> bad) {
        RecordEventsResult result = client.recordEvents(events(count, bad), CallSettings.DEFAULT);
        List<List<Object>> refused = result.refusedEvents().stream()
                .map(event -> List.<Object>of(event.index(), event.error().reason()))
                .toList();
        return Map.of("recorded", result.recordedCount(), "refused", refused);
    }

    private Object publishEvents(int count, List<Integer> bad) {
        List<List<String>> results = new ArrayList<>();
        try (EventPublication publication = client.publishEvents(events(count, bad))) {
            for (PublishedEvent event : publication) {
                String outcome = event.outcome().name().replace("EVENT_OUTCOME_", "");
                results.add(List.of(event.eventId(), outcome, event.error() == null ? "" : event.error().reason()));
            }
        }
        return results;
    }

    private Object watchNotifications(JsonObject told) {
        List<Map<String, String>> updates = new ArrayList<>();
        String token = told.has("resume_token") ? text(told, "resume_token") : "";
        try (NotificationWatch watch = client.watchNotifications(token)) {
            while (updates.size() < number(told, "count")) {
                NotificationUpdate update = watch.next();
                String name = update.notification().getName();
                updates.add(Map.of("notification", name, "resume_token", update.resumeToken()));
            }
        }
        return updates;
    }

    private Object batchScoreLeads(List<String> names) {
        List<Map<String, Object>> results = new ArrayList<>();
        for (ScoredLead scored : client.batchScoreLeads(names)) {
            results.add(
                    scored.error() == null
                            ? Map.of("name", scored.name(), "value", scored.score().getValue())
                            : Map.of("name", scored.name(), "reason", scored.error().reason()));
        }
        return results;
    }

    private Object watchScores(JsonObject told) {
        WatchScoresRequest.Builder which = WatchScoresRequest.newBuilder()
                .addAllNames(told.has("names") ? texts(told) : List.of())
                .setSnapshot(told.has("snapshot") && told.get("snapshot").getAsBoolean());
        if (told.has("resume_token")) {
            which.setResumeToken(text(told, "resume_token"));
        }
        List<Map<String, Object>> updates = new ArrayList<>();
        try (ScoreWatch watch = client.watchScores(which.build())) {
            while (updates.size() < number(told, "count")) {
                ScoreUpdate update = watch.next();
                updates.add(Map.of(
                        "lead", update.score().getLead(),
                        "snapshot", update.isSnapshot(),
                        "resume_token", update.resumeToken()));
            }
        }
        return updates;
    }

    private Object getLeadsAtOnce(String name, int count) {
        ExecutorService threads = Executors.newFixedThreadPool(count);
        try {
            Callable<Lead> call = () -> client.getLead(name);
            for (Future<Lead> called : threads.invokeAll(IntStream.range(0, count).mapToObj(place -> call).toList())) {
                called.get();
            }
            return count;
        } catch (ExecutionException failed) {
            throw (LeadlineException) failed.getCause();
        } catch (InterruptedException interruption) {
            throw new IllegalStateException(interruption);
        } finally {
            threads.shutdown();
        }
    }

    private static Object plain(JsonElement value) {
        if (value.isJsonObject()) {
            return OffsetDateTime.parse(value.getAsJsonObject().get("date").getAsString()).toInstant();
        }
        var primitive = value.getAsJsonPrimitive();
        if (primitive.isBoolean()) {
            return primitive.getAsBoolean();
        }
        return primitive.isNumber() ? primitive.getAsDouble() : primitive.getAsString();
    }

    private static Map<String, Object> errorOf(RuntimeException failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("kind", failure.getClass().getSimpleName());
        told.put("text", text.toString());
        if (failure instanceof LeadlineException leadline) {
            told.put("code", leadline.code().name());
            told.put("reason", leadline.reason());
            told.put("metadata", leadline.metadata());
            told.put("violations", leadline.fieldViolations().stream()
                    .map(found -> List.of(found.field(), found.description()))
                    .toList());
            told.put("retry_after_ms", leadline.retryAfter().map(Duration::toMillis).orElse(null));
        }
        return told;
    }

    private static String text(JsonObject told, String name) {
        return told.has(name) ? told.get(name).getAsString() : null;
    }

    private static int number(JsonObject told, String name) {
        return told.has(name) ? told.get(name).getAsInt() : 0;
    }

    private static List<Integer> numbers(JsonObject told) {
        return told.getAsJsonArray("bad").asList().stream().map(JsonElement::getAsInt).toList();
    }

    private static List<String> texts(JsonObject told) {
        JsonArray names = told.getAsJsonArray("names");
        return names.asList().stream().map(JsonElement::getAsString).toList();
    }
}
