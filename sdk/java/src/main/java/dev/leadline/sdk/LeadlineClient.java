package dev.leadline.sdk;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.leadline.v1.ActivateRuleSetRequest;
import dev.leadline.v1.BatchCreateLeadsRequest;
import dev.leadline.v1.ClearScoreOverrideRequest;
import dev.leadline.v1.CreateLeadRequest;
import dev.leadline.v1.DeactivateRuleSetRequest;
import dev.leadline.v1.DeleteLeadRequest;
import dev.leadline.v1.DeleteModelRequest;
import dev.leadline.v1.DuplicatePolicy;
import dev.leadline.v1.Event;
import dev.leadline.v1.GetLeadRequest;
import dev.leadline.v1.GetModelPlotsRequest;
import dev.leadline.v1.GetModelRequest;
import dev.leadline.v1.GetOperationRequest;
import dev.leadline.v1.ImportRow;
import dev.leadline.v1.IntegrationServiceGrpc;
import dev.leadline.v1.Lead;
import dev.leadline.v1.LeadServiceGrpc;
import dev.leadline.v1.ListLeadsRequest;
import dev.leadline.v1.ListLeadsResponse;
import dev.leadline.v1.ListModelsRequest;
import dev.leadline.v1.ListModelsResponse;
import dev.leadline.v1.ListOperationsRequest;
import dev.leadline.v1.ListOperationsResponse;
import dev.leadline.v1.Model;
import dev.leadline.v1.NotificationServiceGrpc;
import dev.leadline.v1.OperationServiceGrpc;
import dev.leadline.v1.OverrideScoreRequest;
import dev.leadline.v1.Plot;
import dev.leadline.v1.PromoteModelRequest;
import dev.leadline.v1.ReplayScoreRequest;
import dev.leadline.v1.ReplayScoreResponse;
import dev.leadline.v1.RescoreLeadsRequest;
import dev.leadline.v1.RescoreLeadsResponse;
import dev.leadline.v1.RollBackModelRequest;
import dev.leadline.v1.RuleServiceGrpc;
import dev.leadline.v1.Score;
import dev.leadline.v1.ScoreInlineLeadRequest;
import dev.leadline.v1.ScoreLeadRequest;
import dev.leadline.v1.ScoringServiceGrpc;
import dev.leadline.v1.SuggestChangesRequest;
import dev.leadline.v1.SuggestChangesResponse;
import dev.leadline.v1.TrainModelRequest;
import dev.leadline.v1.UpdateLeadRequest;
import dev.leadline.v1.WatchScoresRequest;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A connection to Leadline. Make one and keep it: all threads share it.
 *
 * <p>Every method fails with a {@link LeadlineException}. Every call has a deadline, its retries included. Calls
 * without side effects, and mutations under their idempotency key, are repeated where Leadline can't be reached for a
 * moment.
 */
public final class LeadlineClient extends ContractMethods implements AutoCloseable {
    private final ManagedChannel connection;
    private final Channel channel;
    private final LeadServiceGrpc.LeadServiceBlockingStub leads;
    private final ScoringServiceGrpc.ScoringServiceBlockingStub scoring;
    private final IntegrationServiceGrpc.IntegrationServiceBlockingStub integration;
    private final OperationServiceGrpc.OperationServiceBlockingStub operations;

    LeadlineClient(ManagedChannel connection, Governor governor) {
        this.connection = connection;
        channel = ClientInterceptors.intercept(connection, governor);
        leads = LeadServiceGrpc.newBlockingStub(channel);
        scoring = ScoringServiceGrpc.newBlockingStub(channel);
        integration = IntegrationServiceGrpc.newBlockingStub(channel);
        operations = OperationServiceGrpc.newBlockingStub(channel);
    }

    /**
     * Begins a client.
     *
     * @param address {@code host:port} of Leadline
     */
    public static LeadlineClientBuilder builder(String address) {
        return new LeadlineClientBuilder(address);
    }

    /**
     * Gives the connection for a stub of any service of the contract, such as {@code
     * WorkflowServiceGrpc.newBlockingStub}, with this client's deadline, retries, keys and tokens. Such a stub fails
     * with gRPC's exception, of which {@link LeadlineException#from(StatusRuntimeException)} makes Leadline's.
     */
    @Override
    public Channel channel() {
        return channel;
    }

    /** Closes the connection; calls under way are cancelled. */
    @Override
    public void close() {
        connection.shutdownNow();
    }

    /** Creates a lead; AlreadyExists if another one has this external id. */
    public Lead createLead(Lead lead) {
        return createLead(lead, CallSettings.DEFAULT);
    }

    /** Creates a lead; AlreadyExists if another one has this external id. */
    public Lead createLead(Lead lead, CallSettings settings) {
        CreateLeadRequest request =
                CreateLeadRequest.newBuilder().setLead(lead).setIdempotencyKey(settings.key()).build();
        return call(() -> limited(leads, settings).createLead(request));
    }

    /** Creates up to 1,000 leads, all or none. {@link #importLeads} takes any number. */
    public List<Lead> batchCreateLeads(Collection<Lead> created, CallSettings settings) {
        BatchCreateLeadsRequest request = BatchCreateLeadsRequest.newBuilder()
                .addAllLeads(created)
                .setIdempotencyKey(settings.key())
                .build();
        return call(() -> limited(leads, settings).batchCreateLeads(request)).getLeadsList();
    }

    /** Gives a lead with its latest stored score. */
    public Lead getLead(String name) {
        return call(() -> leads.getLead(GetLeadRequest.newBuilder().setName(name).build()));
    }

    /** Goes through leads, the newest first. */
    public Iterable<Lead> listLeads() {
        return listLeads(ListLeadsRequest.getDefaultInstance());
    }

    /**
     * Goes through leads; the next page is fetched when it is needed.
     *
     * @param which the filter, the order and the page's size; its page token is not looked at
     */
    public Iterable<Lead> listLeads(ListLeadsRequest which) {
        return Pages.of(
                token -> call(() -> leads.listLeads(which.toBuilder().setPageToken(token).build())),
                ListLeadsResponse::getLeadsList,
                ListLeadsResponse::getNextPageToken);
    }

    /**
     * Changes a lead: what the mask names, or, with an empty one, what is set. A lead with an etag is changed only if
     * nobody else did meanwhile; else it fails with Conflict.
     */
    public Lead updateLead(Lead lead, Collection<String> mask, CallSettings settings) {
        UpdateLeadRequest.Builder request =
                UpdateLeadRequest.newBuilder().setLead(lead).setIdempotencyKey(settings.key());
        if (!mask.isEmpty()) {
            request.setUpdateMask(FieldMask.newBuilder().addAllPaths(mask));
        }
        return call(() -> limited(leads, settings).updateLead(request.build()));
    }

    /**
     * Deletes a lead with its events and scores; with an etag that is not empty, only if nobody changed it meanwhile.
     */
    public void deleteLead(String name, String etag, CallSettings settings) {
        DeleteLeadRequest request = DeleteLeadRequest.newBuilder()
                .setName(name)
                .setEtag(etag)
                .setIdempotencyKey(settings.key())
                .build();
        call(() -> limited(leads, settings).deleteLead(request));
    }

    /** Imports any number of leads, each on the line of its place, from 1; what is known already is skipped. */
    public ImportResult importLeads(Iterator<Lead> imported) {
        Iterator<ImportRow> rows = new Importing.Rows(imported);
        return importLeads(rows, DuplicatePolicy.DUPLICATE_POLICY_SKIP, soFar -> {}, CallSettings.DEFAULT);
    }

    /**
     * Imports any number of rows in constant memory. What a lost connection cut off is sent again under the same key,
     * so nothing is stored twice. To repeat the whole import, give the same key and the same rows in the same order.
     *
     * @param progress told each time that Leadline has stored some more
     */
    public ImportResult importLeads(
            Iterator<ImportRow> rows, DuplicatePolicy policy, Consumer<ImportResult> progress, CallSettings settings) {
        return new Importing(LeadServiceGrpc.newStub(channel), settings).send(rows, policy, progress);
    }

    /** Records what leads did, in as many requests as it takes, each under the call's key with its place. */
    public RecordEventsResult recordEvents(Iterator<Event> events, CallSettings settings) {
        return Recording.record(request -> call(() -> limited(integration, settings).recordEvents(request)), events, settings);
    }

    /**
     * Records events as they happen, and tells what became of each, in their order: go through the publication to
     * publish, and close it to end early. What a lost connection cut off is sent again; each event needs an id, by
     * which nothing is kept twice. The events are gone through in another thread, a few hundred before their answers.
     */
    public EventPublication publishEvents(Iterator<Event> events) {
        return new EventPublication(IntegrationServiceGrpc.newStub(channel), events);
    }

    /** Scores a stored lead as it now is, and says why. */
    public Score scoreLead(String name) {
        return call(() -> scoring.scoreLead(ScoreLeadRequest.newBuilder().setName(name).build()));
    }

    /** Scores a lead that is not stored, and says why. */
    public Score scoreInlineLead(Lead lead) {
        return call(() -> scoring.scoreInlineLead(ScoreInlineLeadRequest.newBuilder().setLead(lead).build()));
    }

    /** Scores any number of stored leads, in as many requests as it takes; each has a score or an error. */
    public Iterable<ScoredLead> batchScoreLeads(List<String> names) {
        return () -> new ScoredLeads(scoring, names.iterator());
    }

    /** Gives the smallest changes that would raise a lead's score; of these fields alone, where any are named. */
    public SuggestChangesResponse suggestChanges(String name, Collection<String> actionableFields) {
        SuggestChangesRequest request = SuggestChangesRequest.newBuilder()
                .setName(name)
                .addAllActionableFields(actionableFields)
                .build();
        return call(() -> scoring.suggestChanges(request));
    }

    /** Sets a lead's score, 0 to 100, by hand: it stands until {@link #clearScoreOverride}. */
    public Score overrideScore(String name, int value, CallSettings settings) {
        OverrideScoreRequest request = OverrideScoreRequest.newBuilder()
                .setName(name)
                .setValue(value)
                .setIdempotencyKey(settings.key())
                .build();
        return call(() -> limited(scoring, settings).overrideScore(request));
    }

    /** Leaves a lead's score to be computed again. */
    public Score clearScoreOverride(String name, CallSettings settings) {
        ClearScoreOverrideRequest request =
                ClearScoreOverrideRequest.newBuilder().setName(name).setIdempotencyKey(settings.key()).build();
        return call(() -> limited(scoring, settings).clearScoreOverride(request));
    }

    /** Computes a stored score once more from what was stored with it. */
    public ReplayScoreResponse replayScore(String name) {
        return call(() -> scoring.replayScore(ReplayScoreRequest.newBuilder().setName(name).build()));
    }

    /** Goes through all new scores as they are stored. */
    public ScoreWatch watchScores() {
        return watchScores(WatchScoresRequest.getDefaultInstance());
    }

    /**
     * Goes through new scores as they are stored: without an end, a gap or a repetition. Close the watch to end it.
     *
     * @param which the leads, the filter, whether a snapshot comes first, and the resume token of an update to go on
     *     after
     */
    public ScoreWatch watchScores(WatchScoresRequest which) {
        return new ScoreWatch(scoring, which);
    }

    /** Goes through the caller's new notifications; see {@link #watchNotifications(String)}. */
    public NotificationWatch watchNotifications() {
        return watchNotifications("");
    }

    /**
     * Goes through the caller's new notifications as they are made: without an end, a gap or a repetition. Close the
     * watch to end it.
     *
     * @param resumeToken that of the update to go on after; empty to start from now
     */
    public NotificationWatch watchNotifications(String resumeToken) {
        return new NotificationWatch(NotificationServiceGrpc.newBlockingStub(channel), resumeToken);
    }

    /** Makes a version, new or earlier, the rules of the scores, and has every open lead scored anew. */
    public RuleSetChange activateRuleSet(ActivateRuleSetRequest request) {
        var response = call(() -> RuleServiceGrpc.newBlockingStub(channel).activateRuleSet(request));
        return new RuleSetChange(
                response.getRuleSet(), response.hasRescoring() ? rescoring(response.getRescoring()) : null);
    }

    /** Ends the effect of the active version, and has every open lead scored anew. */
    public RuleSetChange deactivateRuleSet(DeactivateRuleSetRequest request) {
        var response = call(() -> RuleServiceGrpc.newBlockingStub(channel).deactivateRuleSet(request));
        return new RuleSetChange(
                response.getRuleSet(), response.hasRescoring() ? rescoring(response.getRescoring()) : null);
    }

    private Operation<RescoreLeadsResponse> rescoring(com.google.longrunning.Operation message) {
        return handle(RescoreLeadsResponse.class, message);
    }

    /** Trains a model on the leads that have an outcome. */
    public Operation<Model> trainModel() {
        return trainModel(TrainModelRequest.getDefaultInstance());
    }

    /** Trains a model on the leads that have an outcome, from the fields that the request leaves in. */
    public Operation<Model> trainModel(TrainModelRequest request) {
        return handle(Model.class, call(() -> scoring.trainModel(request)));
    }

    /** Scores every open lead anew; FailedPrecondition while there is no model. */
    public Operation<RescoreLeadsResponse> rescoreLeads() {
        return handle(
                RescoreLeadsResponse.class, call(() -> scoring.rescoreLeads(RescoreLeadsRequest.getDefaultInstance())));
    }

    /**
     * Gives a handle of an operation that was started before.
     *
     * @param type what it makes
     */
    public <T extends Message> Operation<T> getOperation(String name, Class<T> type) {
        GetOperationRequest request = GetOperationRequest.newBuilder().setName(name).build();
        return handle(type, call(() -> operations.getOperation(request)));
    }

    /**
     * Goes through the operations, the newest first; {@link #getOperation} gives a handle by the name of one.
     */
    public Iterable<com.google.longrunning.Operation> listOperations() {
        return Pages.of(
                token -> call(() -> operations.listOperations(
                        ListOperationsRequest.newBuilder().setPageToken(token).build())),
                ListOperationsResponse::getOperationsList,
                ListOperationsResponse::getNextPageToken);
    }

    /** Gives a model with its evaluation. */
    public Model getModel(String name) {
        return call(() -> scoring.getModel(GetModelRequest.newBuilder().setName(name).build()));
    }

    /** Goes through the models, the newest first. */
    public Iterable<Model> listModels() {
        return Pages.of(
                token -> call(() -> scoring.listModels(ListModelsRequest.newBuilder().setPageToken(token).build())),
                ListModelsResponse::getModelsList,
                ListModelsResponse::getNextPageToken);
    }

    /** Gives the pictures of a model's evaluation, PNGs. */
    public List<Plot> getModelPlots(String name) {
        GetModelPlotsRequest request = GetModelPlotsRequest.newBuilder().setName(name).build();
        return call(() -> scoring.getModelPlots(request)).getPlotsList();
    }

    /** Makes a model champion; with {@code overrideGate} although it did not pass the promotion gate. */
    public Model promoteModel(String name, boolean overrideGate, CallSettings settings) {
        PromoteModelRequest request = PromoteModelRequest.newBuilder()
                .setName(name)
                .setOverrideGate(overrideGate)
                .setIdempotencyKey(settings.key())
                .build();
        return call(() -> limited(scoring, settings).promoteModel(request));
    }

    /** Makes an earlier champion champion again; with an empty name, the one before the present one. */
    public Model rollBackModel(String name, CallSettings settings) {
        RollBackModelRequest request =
                RollBackModelRequest.newBuilder().setModel(name).setIdempotencyKey(settings.key()).build();
        return call(() -> limited(scoring, settings).rollBackModel(request));
    }

    /** Deletes a model that is not champion. */
    public void deleteModel(String name, CallSettings settings) {
        DeleteModelRequest request =
                DeleteModelRequest.newBuilder().setName(name).setIdempotencyKey(settings.key()).build();
        call(() -> limited(scoring, settings).deleteModel(request));
    }

    @Override
    <T extends Message> Operation<T> handle(Class<T> type, com.google.longrunning.Operation message) {
        return new Operation<>(operations, type, message);
    }

    private static <S extends AbstractStub<S>> S limited(S stub, CallSettings settings) {
        return settings.timeout() == null
                ? stub
                : stub.withDeadlineAfter(settings.timeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    static <T> T call(Supplier<T> made) {
        try {
            return made.get();
        } catch (StatusRuntimeException failure) {
            throw LeadlineException.from(failure);
        }
    }
}
