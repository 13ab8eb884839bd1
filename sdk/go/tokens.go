package leadline

import (
	"context"
	"time"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

// renewalMargin is how long before its end a token is renewed, so that none expires on its way.
const renewalMargin = 30 * time.Second

// apiKeyTokens keeps the access token of an API key until shortly before it expires. Calls that need one at the same
// time share one exchange; each waits no longer than its own deadline.
type apiKeyTokens struct {
	exchange func(context.Context) (*leadlinev1.ExchangeApiKeyResponse, error)
	turn     chan struct{}
	token    string
	renewAt  time.Time
}

func newAPIKeyTokens(exchange func(context.Context) (*leadlinev1.ExchangeApiKeyResponse, error)) *apiKeyTokens {
	return &apiKeyTokens{exchange: exchange, turn: make(chan struct{}, 1)}
}

func (tokens *apiKeyTokens) current(ctx context.Context, refused string) (string, error) {
	select {
	case tokens.turn <- struct{}{}:
		defer func() { <-tokens.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if tokens.token != "" && tokens.token != refused && time.Now().Before(tokens.renewAt) {
		return tokens.token, nil
	}
	answer, err := tokens.exchange(ctx)
	if err != nil {
		return "", err
	}
	tokens.token = answer.GetAccessToken()
	tokens.renewAt = answer.GetAccessTokenExpireTime().AsTime().Add(-renewalMargin)
	return tokens.token, nil
}
