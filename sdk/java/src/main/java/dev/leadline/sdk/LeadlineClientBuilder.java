package dev.leadline.sdk;

import dev.leadline.v1.AuthenticationServiceGrpc;
import dev.leadline.v1.AuthenticationServiceGrpc.AuthenticationServiceBlockingStub;
import dev.leadline.v1.ExchangeApiKeyRequest;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Tells how a {@link LeadlineClient} connects. It needs a token, a token source or an API key; the rest has usual
 * values.
 */
public final class LeadlineClientBuilder {
    private static final int LARGEST_MESSAGE = 16 * 1024 * 1024;
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private final ManagedChannelBuilderFactory channels;
    private final List<ClientInterceptor> interceptors = new ArrayList<>();
    private ChannelCredentials credentials = TlsChannelCredentials.create();
    private Duration timeout = DEFAULT_TIMEOUT;
    private String userAgent = "";
    private TokenSource tokens;
    private String apiKey;

    /** Makes a channel with the security that it is to have. */
    @FunctionalInterface
    interface ManagedChannelBuilderFactory {
        ManagedChannelBuilder<?> channel(ChannelCredentials credentials);
    }

    LeadlineClientBuilder(String address) {
        this(security -> Grpc.newChannelBuilder(Objects.requireNonNull(address, "address"), security));
    }

    LeadlineClientBuilder(ManagedChannelBuilderFactory channels) {
        this.channels = channels;
    }

    /** Lets the client call with one bearer token. */
    public LeadlineClientBuilder token(String token) {
        return tokenSource(refused -> token);
    }

    /** Lets the client ask for the bearer token before each call. */
    public LeadlineClientBuilder tokenSource(TokenSource source) {
        tokens = Objects.requireNonNull(source, "source");
        return this;
    }

    /**
     * Lets the client exchange an API key for access tokens, and renew them by itself; no other call carries the key.
     */
    public LeadlineClientBuilder apiKey(String key) {
        apiKey = Objects.requireNonNull(key, "key");
        return this;
    }

    /** Leaves TLS out: on this machine, or inside a network that encrypts by itself. */
    public LeadlineClientBuilder plaintext() {
        credentials = InsecureChannelCredentials.create();
        return this;
    }

    /**
     * Trusts these authorities instead of the machine's.
     *
     * @param certificates their certificates, as PEM
     * @throws IOException they can't be read
     */
    public LeadlineClientBuilder rootCertificates(InputStream certificates) throws IOException {
        credentials = TlsChannelCredentials.newBuilder().trustManager(certificates).build();
        return this;
    }

    /** Sets how long a call may take that says nothing else, its retries included; 10 seconds unless you do. */
    public LeadlineClientBuilder timeout(Duration duration) {
        timeout = Objects.requireNonNull(duration, "duration");
        return this;
    }

    /** Sends the name and version of your program before the SDK's own, for example {@code acme-crm/2.1}. */
    public LeadlineClientBuilder userAgent(String program) {
        userAgent = Objects.requireNonNull(program, "program");
        return this;
    }

    /** Adds interceptors of gRPC that see each call, such as OpenTelemetry's for traces and metrics. */
    public LeadlineClientBuilder interceptors(ClientInterceptor... added) {
        interceptors.addAll(List.of(added));
        return this;
    }

    /**
     * Makes the client. Nothing is connected until the first call.
     *
     * @throws IllegalStateException it has no token source and no API key, or both
     */
    public LeadlineClient build() {
        if ((tokens == null) == (apiKey == null)) {
            throw new IllegalStateException("give a token source or an API key, and not both");
        }
        ManagedChannel channel = channels.channel(credentials)
                .userAgent((userAgent + " leadline-java/" + Version.VERSION).strip())
                .enableRetry()
                .defaultServiceConfig(ServiceConfig.retries())
                .disableServiceConfigLookUp() // retries are what the contract allows, not what a name server says
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .maxInboundMessageSize(LARGEST_MESSAGE)
                .intercept(interceptors)
                .build();
        return new LeadlineClient(channel, new Governor(timeout, apiKey == null ? tokens : keyTokens(channel)));
    }

    private TokenSource keyTokens(ManagedChannel channel) {
        ExchangeApiKeyRequest request = ExchangeApiKeyRequest.newBuilder().setApiKey(apiKey).build();
        AuthenticationServiceBlockingStub stub = AuthenticationServiceGrpc.newBlockingStub(channel);
        return new ApiKeyTokens(deadline -> {
            try {
                return (deadline == null
                                ? stub.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
                                : stub.withDeadline(deadline))
                        .exchangeApiKey(request);
            } catch (StatusRuntimeException failure) {
                throw LeadlineException.from(failure);
            }
        });
    }
}
