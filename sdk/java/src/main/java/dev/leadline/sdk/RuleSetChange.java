package dev.leadline.sdk;

import dev.leadline.v1.RescoreLeadsResponse;
import dev.leadline.v1.RuleSet;

/**
 * What became of activating or deactivating a version of the scoring rules.
 *
 * @param ruleSet the version as it is now
 * @param rescoring a handle to wait until every open lead is scored anew; null while there is no model
 */
public record RuleSetChange(RuleSet ruleSet, Operation<RescoreLeadsResponse> rescoring) {}
