package dev.leadline.sdk;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.leadline.v1.PermissionProto;
import java.util.List;
import java.util.Map;

/** Which calls gRPC may send again by itself, in the form that it reads. */
final class ServiceConfig {
    private static final String EXCHANGE = "leadline.v1.AuthenticationService.ExchangeApiKey";

    private ServiceConfig() {}

    /**
     * Tells whether gRPC may repeat a call: where the contract says that it has no side effects or that repetitions are
     * known, where its one request carries an idempotency key, and where it exchanges an API key, since a second access
     * token harms nobody. gRPC never repeats a stream that has begun, so the client does.
     */
    static boolean isRepeatable(MethodDescriptor method) {
        if (method.isClientStreaming() || method.isServerStreaming()) {
            return false;
        }
        return method.getOptions().getIdempotencyLevel() != IdempotencyLevel.IDEMPOTENCY_UNKNOWN
                || method.getFullName().equals(EXCHANGE)
                || method.getInputType().findFieldByName("idempotency_key") != null;
    }

    /** Tells whether a method needs no token. None is sent with it: an expired one would be refused. */
    static boolean isPublic(MethodDescriptor method) {
        return method.getOptions().getExtension(PermissionProto.public_);
    }

    /**
     * Gives the retries. gRPC adds jitter to the backoff and lets a server's pushback go before it. The throttle stops
     * retries while more than about one call in ten fails, so that a client never adds to an overload.
     */
    static Map<String, ?> retries() {
        List<Map<String, String>> names = Services.FILES.stream()
                .flatMap(file -> file.getServices().stream())
                .map(ServiceDescriptor::getMethods)
                .flatMap(List::stream)
                .filter(ServiceConfig::isRepeatable)
                .map(method -> Map.of("service", method.getService().getFullName(), "method", method.getName()))
                .toList();
        Map<String, ?> policy = Map.of(
                "maxAttempts", 5.0,
                "initialBackoff", "0.1s",
                "maxBackoff", "2s",
                "backoffMultiplier", 2.0,
                "retryableStatusCodes", List.of("UNAVAILABLE", "RESOURCE_EXHAUSTED"));
        return Map.of(
                "methodConfig", List.of(Map.of("name", names, "retryPolicy", policy)),
                "retryThrottling", Map.of("maxTokens", 100.0, "tokenRatio", 0.1));
    }
}
