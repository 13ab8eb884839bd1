package dev.leadline.sdk;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Gives every call its deadline, its idempotency key and its token, and another token where that was refused. */
final class Governor implements ClientInterceptor {
    /** The token of a stream, for the one that may have to open another. */
    static final CallOptions.Key<StreamToken> STREAM_TOKEN = CallOptions.Key.create("leadline-stream-token");
    /** Until when a token source may take, while it is asked on behalf of a call. */
    static final Context.Key<Deadline> DEADLINE = Context.key("leadline-deadline");

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Set<String> RENEWABLE_REASONS = Set.of("TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED");

    private final Duration timeout;
    private final TokenSource tokens;

    Governor(Duration timeout, TokenSource tokens) {
        this.timeout = timeout;
        this.tokens = tokens;
    }

    /** Tells whether a call may fare better with another token than the one that it was refused with. */
    static boolean isRenewable(LeadlineException failure) {
        return RENEWABLE_REASONS.contains(failure.reason());
    }

    /** The token that a stream was opened with, and the one that was refused before. */
    static final class StreamToken {
        private LeadlineException refusal;
        private String refused;
        private String used;

        /** Takes a failure of the stream; tells whether the next one will have another token. */
        boolean renews(LeadlineException failure) {
            if (!isRenewable(failure) || used == null || used.equals(refused)) {
                return false;
            }
            refusal = failure;
            refused = used;
            return true;
        }
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        boolean isPublic = method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema
                && ServiceConfig.isPublic(schema.getMethodDescriptor());
        if (method.getType() == MethodType.UNARY) {
            CallOptions limited = options.getDeadline() == null
                    ? options.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
                    : options;
            return new UnaryCall<>(method, limited, next, isPublic);
        }
        return isPublic ? next.newCall(method, options) : new StreamCall<>(next.newCall(method, options), options);
    }

    /** Gives the token to use now; the source is held to the call's own deadline. */
    private String token(String refused, Deadline deadline) {
        String token;
        Context context = Context.current().withValue(DEADLINE, deadline);
        Context before = context.attach();
        try {
            token = tokens.token(refused);
        } catch (LeadlineException failure) {
            throw failure;
        } catch (RuntimeException failure) {
            LeadlineException.Details details = new LeadlineException.Details(Status.Code.UNAUTHENTICATED);
            throw new LeadlineException.Unauthenticated("there is no token", details, failure);
        } finally {
            context.detach(before);
        }
        if (token == null || !token.chars().allMatch(character -> character >= ' ' && character <= '~')) {
            String message = "the token has characters that can't be sent, such as a line break";
            throw LeadlineException.of(Status.Code.UNAUTHENTICATED, message);
        }
        return token;
    }

    private static void setToken(Metadata headers, String token) {
        headers.discardAll(AUTHORIZATION);
        headers.put(AUTHORIZATION, "Bearer " + token);
    }

    private static Status statusOf(LeadlineException failure) {
        return failure.code().toStatus().withDescription(failure.getMessage()).withCause(failure);
    }

    /** Gives the request with an idempotency key, where the contract asks for one and it has none. */
    @SuppressWarnings("unchecked")
    private static <Q> Q withKey(Q request) {
        if (!(request instanceof Message message)) {
            return request;
        }
        FieldDescriptor field = message.getDescriptorForType().findFieldByName("idempotency_key");
        if (field == null || !((String) message.getField(field)).isEmpty()) {
            return request;
        }
        return (Q) message.toBuilder().setField(field, UUID.randomUUID().toString()).build();
    }

    /** A stream with its token. gRPC repeats none, and so who opened it has to open another with another token. */
    private final class StreamCall<Q, R> extends io.grpc.ForwardingClientCall.SimpleForwardingClientCall<Q, R> {
        private final CallOptions options;

        StreamCall(ClientCall<Q, R> call, CallOptions options) {
            super(call);
            this.options = options;
        }

        @Override
        public void start(Listener<R> listener, Metadata headers) {
            StreamToken known = options.getOption(STREAM_TOKEN);
            try {
                String token = token(known == null ? null : known.refused, options.getDeadline());
                if (known != null) {
                    known.used = token;
                    if (token.equals(known.refused)) { // the source has no other
                        throw known.refusal;
                    }
                }
                setToken(headers, token);
            } catch (LeadlineException failure) {
                super.start(new NoListener<>(), headers);
                super.cancel("there is no token", failure);
                listener.onClose(statusOf(failure), new Metadata());
                return;
            }
            super.start(listener, headers);
        }
    }

    private static final class NoListener<R> extends ClientCall.Listener<R> {}

    /** A unary call, which is kept until it is answered, to be sent again with another token. */
    private final class UnaryCall<Q, R> extends ClientCall<Q, R> {
        private final MethodDescriptor<Q, R> method;
        private final CallOptions options;
        private final Channel next;
        private final boolean isPublic;
        private Listener<R> listener;
        private Metadata headers;
        private Q message;
        private int requested;
        private volatile ClientCall<Q, R> sent;

        UnaryCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next, boolean isPublic) {
            this.method = method;
            this.options = options;
            this.next = next;
            this.isPublic = isPublic;
        }

        @Override
        public void start(Listener<R> responses, Metadata metadata) {
            listener = responses;
            headers = metadata;
        }

        @Override
        public void request(int count) {
            requested += count;
            if (sent != null) {
                sent.request(count);
            }
        }

        @Override
        public void sendMessage(Q request) {
            // The key is minted here, above gRPC's retries, so all tries of a call have the same.
            message = withKey(request);
        }

        @Override
        public void halfClose() {
            if (isPublic) {
                send(null, false);
                return;
            }
            try {
                send(token(null, options.getDeadline()), true);
            } catch (LeadlineException failure) {
                listener.onClose(statusOf(failure), new Metadata());
            }
        }

        @Override
        public void cancel(String reason, Throwable cause) {
            if (sent != null) {
                sent.cancel(reason, cause);
            } else if (listener != null) {
                listener.onClose(Status.CANCELLED.withDescription(reason).withCause(cause), new Metadata());
            }
        }

        private void send(String token, boolean isRenewable) {
            Metadata metadata = new Metadata();
            metadata.merge(headers);
            if (token != null) {
                setToken(metadata, token);
            }
            ClientCall<Q, R> call = next.newCall(method, options);
            sent = call;
            call.start(isRenewable ? new Answer(listener, token) : listener, metadata);
            call.request(requested);
            call.sendMessage(message);
            call.halfClose();
        }

        /** The answer to the first try, after which another token may be had. */
        private final class Answer extends SimpleForwardingClientCallListener<R> {
            private final String token;

            Answer(Listener<R> listener, String token) {
                super(listener);
                this.token = token;
            }

            @Override
            public void onClose(Status status, Metadata trailers) {
                if (status.getCode() != Status.Code.UNAUTHENTICATED
                        || !isRenewable(LeadlineException.from(new StatusRuntimeException(status, trailers)))) {
                    super.onClose(status, trailers);
                    return;
                }
                String renewed;
                try {
                    renewed = token(token, options.getDeadline());
                } catch (LeadlineException failure) {
                    super.onClose(statusOf(failure), new Metadata());
                    return;
                }
                if (renewed.equals(token)) { // the source has no other
                    super.onClose(status, trailers);
                    return;
                }
                // Nothing was done under a refused token, so even what is not repeatable may be sent with a new one.
                send(renewed, false);
            }
        }
    }
}
