package dev.leadline.sdk;

import dev.leadline.v1.ImportLeadsResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What became of an import so far, and in the end. */
public final class ImportResult {
    private static final int MOST_REFUSED_ROWS = 1_000;

    private final String idempotencyKey;
    private final List<RefusedRow> refusedRows = new ArrayList<>();
    private long createdCount;
    private long replacedCount;
    private long duplicateCount;
    private long refusedCount;

    ImportResult(String idempotencyKey) {
        this.idempotencyKey = idempotencyKey;
    }

    void add(ImportLeadsResponse response) {
        createdCount += response.getCreatedCount();
        replacedCount += response.getReplacedCount();
        duplicateCount += response.getDuplicateCount();
        refusedCount += response.getRefusedCount();
        response.getRefusedRowsList().stream()
                .limit(MOST_REFUSED_ROWS - refusedRows.size())
                .map(row -> new RefusedRow(row.getLineNumber(), LeadlineException.from(row.getStatus())))
                .forEach(refusedRows::add);
    }

    /** Gives the import's key: the same rows sent again under it within a day are not stored twice. */
    public String idempotencyKey() {
        return idempotencyKey;
    }

    /** Gives how many rows were stored as new leads. */
    public long createdCount() {
        return createdCount;
    }

    /** Gives how many rows replaced a stored lead. */
    public long replacedCount() {
        return replacedCount;
    }

    /** Gives how many rows were skipped since their lead is stored already. */
    public long duplicateCount() {
        return duplicateCount;
    }

    /** Gives how many rows were refused. */
    public long refusedCount() {
        return refusedCount;
    }

    /** Gives how many rows Leadline has answered for. */
    public long rowCount() {
        return createdCount + replacedCount + duplicateCount + refusedCount;
    }

    /** Gives the refused rows with the reason, in order; the first 1,000. */
    public List<RefusedRow> refusedRows() {
        return Collections.unmodifiableList(refusedRows);
    }
}
