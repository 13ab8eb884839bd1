package dev.leadline.sdk;

import com.google.rpc.Status;
import dev.leadline.v1.Score;
import dev.leadline.v1.ScoringServiceGrpc.ScoringServiceBlockingStub;
import dev.leadline.v1.WatchScoresRequest;
import dev.leadline.v1.WatchScoresResponse;
import java.util.Iterator;
import java.util.OptionalDouble;

/**
 * Goes through new scores as they are stored: without an end, a gap or a repetition. It opens as many streams as it
 * takes, each where the last one ended. One thread goes through it; any may close it, which ends it.
 *
 * <p>{@link #hasNext} waits for an update, and fails with a {@link LeadlineException} where a new stream would not
 * help, or after 8 failures in a row.
 */
public final class ScoreWatch extends Watch<ScoringServiceBlockingStub, WatchScoresResponse, ScoreUpdate> {
    private final WatchScoresRequest request;

    ScoreWatch(ScoringServiceBlockingStub stub, WatchScoresRequest request) {
        super(stub, request.getResumeToken());
        this.request = request;
    }

    @Override
    Iterator<WatchScoresResponse> open(ScoringServiceBlockingStub stub, String resumeToken) {
        return stub.watchScores(request.toBuilder().setResumeToken(resumeToken).build());
    }

    @Override
    String resumeTokenOf(WatchScoresResponse message) {
        return message.getResumeToken();
    }

    @Override
    Status statusOf(WatchScoresResponse message) {
        return message.hasStatus() ? message.getStatus() : null;
    }

    @Override
    ScoreUpdate updateOf(WatchScoresResponse message, String resumeToken) {
        if (message.hasSnapshotScore()) {
            return new ScoreUpdate(message.getSnapshotScore(), OptionalDouble.empty(), resumeToken, true);
        }
        if (!message.hasScoreChange()) {
            return null;
        }
        Score score = message.getScoreChange().getScore();
        String computed = score.getComputeTime().getSeconds() + "." + score.getComputeTime().getNanos();
        if (isRepeated(score.getLead() + " " + score.getModel() + " " + computed)) {
            return null;
        }
        OptionalDouble previous = message.getScoreChange().hasPreviousProbability()
                ? OptionalDouble.of(message.getScoreChange().getPreviousProbability())
                : OptionalDouble.empty();
        return new ScoreUpdate(score, previous, resumeToken, false);
    }
}
