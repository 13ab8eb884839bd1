package dev.leadline.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.MethodDescriptor;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ServiceConfigTest {
    private static Stream<MethodDescriptor> methods() {
        return Services.FILES.stream()
                .flatMap(file -> file.getServices().stream())
                .flatMap(service -> service.getMethods().stream());
    }

    @Test
    void theServicesOfTheContractAreKnown() {
        assertTrue(methods().anyMatch(method -> method.getFullName().equals("leadline.v1.ScoringService.ScoreLead")));
        assertTrue(Services.FILES.size() >= 13);
    }

    @Test
    void allButStreamsAndWhatNeedsNoTokenIsRepeated() {
        Set<String> refused = methods()
                .filter(method -> !ServiceConfig.isRepeatable(method))
                .filter(method -> !method.isClientStreaming() && !method.isServerStreaming())
                .filter(method -> !ServiceConfig.isPublic(method))
                .map(MethodDescriptor::getFullName)
                .collect(Collectors.toSet());
        assertEquals(Set.of(), refused);
        Set<String> repeated = methods()
                .filter(ServiceConfig::isRepeatable)
                .map(MethodDescriptor::getName)
                .collect(Collectors.toSet());
        assertTrue(repeated.contains("ExchangeApiKey"));
        assertFalse(repeated.contains("LogIn"));
    }
}
