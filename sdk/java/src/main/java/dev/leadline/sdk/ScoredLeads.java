package dev.leadline.sdk;

import dev.leadline.v1.BatchScoreLeadsRequest;
import dev.leadline.v1.BatchScoreLeadsResponse;
import dev.leadline.v1.BatchScoreResult;
import dev.leadline.v1.ScoringServiceGrpc.ScoringServiceBlockingStub;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/** Scores leads in chunks, the next one when it is needed. */
final class ScoredLeads implements Iterator<ScoredLead> {
    /**
     * The model server is fastest with batches of 64 to 256 explained leads, and the answer stays far below the limit.
     */
    private static final int LEADS_A_REQUEST = 250;

    private final ScoringServiceBlockingStub scoring;
    private final Iterator<String> names;
    private Iterator<ScoredLead> chunk = Collections.emptyIterator();

    ScoredLeads(ScoringServiceBlockingStub scoring, Iterator<String> names) {
        this.scoring = scoring;
        this.names = names;
    }

    @Override
    public boolean hasNext() {
        return chunk.hasNext() || names.hasNext();
    }

    @Override
    public ScoredLead next() {
        if (!chunk.hasNext()) {
            chunk = score().iterator();
        }
        return chunk.next();
    }

    private List<ScoredLead> score() {
        BatchScoreLeadsRequest.Builder request = BatchScoreLeadsRequest.newBuilder();
        while (names.hasNext() && request.getNamesCount() < LEADS_A_REQUEST) {
            request.addNames(names.next());
        }
        BatchScoreLeadsResponse response = LeadlineClient.call(() -> scoring.batchScoreLeads(request.build()));
        List<ScoredLead> scored = new ArrayList<>();
        for (int place = 0; place < response.getResultsCount(); place++) {
            BatchScoreResult result = response.getResults(place);
            LeadlineException error = result.hasStatus() ? LeadlineException.from(result.getStatus()) : null;
            scored.add(new ScoredLead(request.getNames(place), error == null ? result.getScore() : null, error));
        }
        return scored;
    }
}
