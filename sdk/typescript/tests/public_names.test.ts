import assert from "node:assert/strict";
import { test } from "node:test";

import * as sdk from "../src/index.js";

// What programs may rely on: taking a name away breaks them. Types have no names when the program runs.
const NAMES = `AlreadyExists ApiKeyRefused AttributionGroup Cancelled Client Conflict DeadlineExceeded DuplicatePolicy
EventSchema FailedPrecondition FieldValueSchema Grade IdempotencyKeyReused ImportRowSchema InternalError InvalidRequest
LeadSchema LeadStatus LeadlineError ModelSchema ModelState NotFound PermissionDenied PlotKind ResourceExhausted ScoreBasis
Unauthenticated Unavailable VERSION fromFieldValue pages toFieldValue toFields`;
const METHODS = `activateRuleSet batchCreateLeads batchScoreLeads clearScoreOverride createLead deactivateRuleSet deleteLead deleteModel getLead getModel getModelPlots getOperation
importLeads listLeads listModels listOperations operationOf overrideScore promoteModel recordEvents replayScore rescoreLeads rollBackModel
scoreInlineLead scoreLead service suggestChanges trainModel updateLead
watchNotifications watchScores`;

test("the public names stay", () => {
  assert.deepEqual(Object.keys(sdk).sort(), NAMES.split(/\s+/).sort());
});

test("the methods of the client stay", () => {
  const methods = Object.getOwnPropertyNames(sdk.Client.prototype).filter((name) => name !== "constructor");
  assert.deepEqual(methods.sort(), METHODS.split(/\s+/).sort());
});
