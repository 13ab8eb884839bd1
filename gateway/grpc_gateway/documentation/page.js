// Swagger UI on the document of this very gateway. A token that is entered stays in the page and is gone with it.
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#surface',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
});
