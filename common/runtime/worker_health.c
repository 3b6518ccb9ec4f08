/* worker_health.c - /healthz, /readyz, /metrics, and the service's own routes behind a check. */
#include "worker_internal.h"

#include "log.h"

static const char text_type[] = "text/plain; charset=utf-8";

/* Longer than the slowest step that looks after no signal: a publish while brokers go and come has
 * 15 s to its deadline, 8 s for the call that is under way then, 10 s for an abort. The service's
 * own slow call comes on top. */
enum { ALIVE_MS = 45000 };

void worker_beat(Worker *worker)
{
    atomic_store(&worker->alive_mono_ms, clock_mono_now());
}

static void answer_alive(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    (void)request;
    const Worker *worker = context;
    const int64_t silent_ms = clock_mono_now() - atomic_load(&worker->alive_mono_ms);
    const char *slow = worker->spec->slow_call_setting;
    const int64_t slow_ms = slow == NULL ? 0 : config_integer(worker->config, slow);
    if (silent_ms <= ALIVE_MS + slow_ms)
        http_respond(ret_response, 200, text_type, "alive\n");
    else
        http_respond(ret_response, 503, text_type, "the loop was last seen %lld ms ago\n",
                     (long long)silent_ms);
}

static void answer_ready(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    (void)request;
    const Worker *worker = context;
    const char *why = NULL;
    if (!atomic_load(&worker->open))
        why = "starting: waiting for the servers";
    else if (!kafka_is_assigned(worker->kafka))
        why = "no partitions assigned yet";
    else if (!database_is_connected(worker->database))
        why = "the database is not connected";
    http_respond(ret_response, why == NULL ? 200 : 503, text_type, "%s\n",
                 why == NULL ? "ready" : why);
}

static void answer_metrics(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    (void)request;
    (void)context;
    Error error;
    ret_response->status = 200;
    ret_response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    if (!metrics_render(&ret_response->body, &ret_response->body_size, &error))
        http_respond(ret_response, 503, text_type, "%s\n", error.text);
}

static void answer_service(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    const WorkerRoute *guarded = context;
    if (atomic_load(&guarded->worker->open))
        guarded->route.handler(request, ret_response, guarded->route.context);
    else
        http_respond(ret_response, 503, text_type, "starting\n");
}

static size_t add_service_routes(Worker *worker, HttpRoute *table)
{
    if (worker->spec->routes == NULL)
        return 0;
    const HttpRoute *routes = worker->spec->routes(worker, worker->state);
    size_t count = 0;
    for (; count < WORKER_ROUTE_COUNT_MAX && routes[count].path != NULL; count++) {
        worker->routes[count] = (WorkerRoute){.route = routes[count], .worker = worker};
        table[count] = (HttpRoute){routes[count].method, routes[count].path, answer_service,
                                   &worker->routes[count]};
    }
    return count;
}

bool worker_health_open(Worker *worker, Error *reterr)
{
    const char *address = config_text(worker->config, "CPOR_HTTP_ADDRESS");
    HttpRoute *table = worker->route_table;
    size_t count = add_service_routes(worker, table);
    table[count++] = (HttpRoute){"GET", "/healthz", answer_alive, worker};
    table[count++] = (HttpRoute){"GET", "/readyz", answer_ready, worker};
    table[count++] = (HttpRoute){"GET", "/metrics", answer_metrics, worker};
    table[count] = (HttpRoute){.path = NULL};

    worker_beat(worker);
    if (!http_open(address, (uint16_t)config_integer(worker->config, "CPOR_HTTP_PORT"), table,
                   &worker->http, reterr))
        return false;
    log_write(LOG_INFO, "listening", "address=%s port=%u", address,
              (unsigned)http_port(worker->http));
    return true;
}
