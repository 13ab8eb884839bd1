package dev.leadline.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What programs may rely on: taking a name away breaks them. */
class PublicNamesTest {
    private static final Set<String> CLASSES = Set.of(
            "CallSettings", "EventPublication", "FieldValues", "FieldViolation", "ImportResult", "LeadlineClient",
            "LeadlineClientBuilder", "LeadlineException", "NotificationUpdate", "NotificationWatch", "Operation",
            "PublishedEvent", "RecordEventsResult", "RefusedEvent", "RefusedRow", "RuleSetChange", "ScoredLead", "ScoreUpdate", "ScoreWatch", "TokenSource", "Version");
    private static final Set<String> CLIENT = Set.of(
            "activateRuleSet", "batchCreateLeads", "batchScoreLeads", "builder", "channel", "clearScoreOverride", "close",
            "createLead", "deactivateRuleSet", "deleteLead", "deleteModel", "getLead", "getModel", "getModelPlots", "getOperation",
            "importLeads", "listLeads", "listModels", "listOperations", "overrideScore", "promoteModel", "publishEvents", "recordEvents",
            "replayScore", "rescoreLeads", "rollBackModel", "scoreInlineLead", "scoreLead", "suggestChanges",
            "trainModel", "updateLead", "watchNotifications", "watchScores");
    private static final Set<String> BUILDER = Set.of(
            "apiKey", "build", "interceptors", "plaintext", "rootCertificates", "timeout", "token", "tokenSource",
            "userAgent");
    private static final Set<String> EXCEPTIONS = Set.of(
            "AlreadyExists", "ApiKeyRefused", "Cancelled", "Conflict", "DeadlineExceeded", "FailedPrecondition",
            "IdempotencyKeyReused", "InternalError", "InvalidRequest", "NotFound", "PermissionDenied",
            "ResourceExhausted", "Unauthenticated", "Unavailable");

    private static Set<String> methodsOf(Class<?> type) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .map(Method::getName)
                .collect(Collectors.toSet());
    }

    @Test
    void classes() throws IOException {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> sources = Files.list(Path.of("src/main/java/dev/leadline/sdk"))) {
            for (Path source : sources.toList()) {
                String name = source.getFileName().toString().replace(".java", "");
                if (Files.readString(source).contains("\npublic ")) {
                    found.add(name);
                }
            }
        }
        assertEquals(new TreeSet<>(CLASSES), found);
    }

    @Test
    void methods() {
        assertEquals(CLIENT, methodsOf(LeadlineClient.class));
        assertEquals(BUILDER, methodsOf(LeadlineClientBuilder.class));
    }

    @Test
    void exceptions() {
        Set<String> found = Arrays.stream(LeadlineException.class.getDeclaredClasses())
                .filter(type -> Modifier.isPublic(type.getModifiers()))
                .map(Class::getSimpleName)
                .collect(Collectors.toSet());
        assertEquals(EXCEPTIONS, found);
    }
}
