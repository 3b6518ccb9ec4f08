/* http.h - a small HTTP server (libmicrohttpd, own thread) for health, metrics and pages. */
#pragma once

#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum { HTTP_BODY_SIZE_MAX = 16 * 1024, HTTP_ROUTE_COUNT_MAX = 16, HTTP_QUERY_SIZE_MAX = 2048 };

typedef struct HttpRequest {
    const char *method; /* "GET", "HEAD" or "POST" */
    const char *path;
    const char *token; /* value of query parameter or form field "token"; "" if absent */
    const char *content_type;
    const char *body; /* NUL-terminated, at most HTTP_BODY_SIZE_MAX bytes; "" for GET */
    size_t body_size;
    /* decoded form field or query parameter by name, borrowed for the call; NULL if absent */
    const char *(*parameter)(const struct HttpRequest *request, const char *name);
    void *opaque;
} HttpRequest;

typedef struct HttpResponse {
    int status;
    const char *content_type; /* static text */
    char *body;               /* heap; the server frees it */
    size_t body_size;
} HttpResponse;

/* Runs on the server's thread; must be thread-safe and bounded in time. */
typedef void HttpHandler(const HttpRequest *request, HttpResponse *ret_response, void *context);

typedef struct HttpRoute {
    const char *method;
    const char *path; /* exact */
    HttpHandler *handler;
    void *context;
} HttpRoute;

typedef struct HttpServer HttpServer;

/*
 * http_open - listen and serve.
 *
 * In:      address  numeric, e.g. "127.0.0.1", "0.0.0.0" or "::"; port 0 picks a free one.
 *          routes   copied, their texts borrowed; ended by a route with path NULL. GET routes
 *                   answer HEAD too.
 * Errors:  FATAL  port taken, bad address.
 * Limits:  64 connections, each closed after 10 s of silence; HTTP_BODY_SIZE_MAX, a longer body
 *          is 413 (a chunked one is cut off); HTTP_QUERY_SIZE_MAX, a longer query is 414.
 *          Unknown path 404, wrong method 405, a parameter with a NUL byte 400. Every answer
 *          carries no-store, nosniff, a strict Content-Security-Policy and Referrer-Policy:
 *          no-referrer.
 */
MUST_CHECK bool http_open(const char *address, uint16_t port, const HttpRoute *routes,
                          HttpServer **ret_server, Error *reterr);
uint16_t http_port(const HttpServer *server);
void http_release(HttpServer **server);

/* http_respond - fill a response with a heap copy of formatted text. */
void http_respond(HttpResponse *ret_response, int status, const char *content_type,
                  const char *format, ...) PRINTF_LIKE(4, 5);
