#include "CProduce.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    cproduce_outcome *outcome = opaque;
    if (message->err) outcome->failed++;
    else outcome->acknowledged++;
}

/// The same settings as the product's producer has.
static rd_kafka_t *make_client(const cproduce_plan *plan, cproduce_outcome *outcome) {
    const char *settings[][2] = {
        {"bootstrap.servers", plan->brokers},
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"linger.ms", "5"},
        {"compression.type", "lz4"},
        {"queue.buffering.max.messages", "100000"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], outcome->error, sizeof outcome->error)) {
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    }
    // Settings of topics are looked for among those of clients first, which leaves a complaint.
    outcome->error[0] = 0;
    rd_kafka_conf_set_dr_msg_cb(conf, report);
    rd_kafka_conf_set_opaque(conf, outcome);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, outcome->error, sizeof outcome->error);
    if (!client) rd_kafka_conf_destroy(conf);
    return client;
}

enum { NOISE = 1 << 16 };

/// Random, as ids are: what a compressor cannot shrink on the other side it shall not shrink here.
static void fill(char *bytes, size_t count) {
    uint64_t state = 42;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        bytes[i] = "0123456789abcdef"[state >> 60];
    }
}

/// One value differs from record to record, as an event's id does; the others repeat.
static rd_kafka_headers_t *make_headers(const cproduce_plan *plan, const char *noise, const char *same) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)plan->header_count);
    for (int32_t i = 0; i < plan->header_count; i++) {
        const char *value = i == plan->unique_header ? noise : same;
        rd_kafka_header_add(headers, plan->header_names[i], -1, value, (ssize_t)plan->header_bytes[i]);
    }
    return headers;
}

/// Hands over one record. The place of its key and its id in the noise comes from its number.
static rd_kafka_resp_err_t produce(
    const cproduce_plan *plan, rd_kafka_t *client, rd_kafka_topic_t *topic, int64_t number, char *noise,
    char *same) {
    char *unique = noise + (number * 37) % (NOISE / 2);
    rd_kafka_headers_t *headers = make_headers(plan, unique, same);
    rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION((int32_t)(number % plan->partitions)),
        RD_KAFKA_V_KEY(unique, plan->key_bytes), RD_KAFKA_V_VALUE(same, plan->value_bytes),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error) rd_kafka_headers_destroy(headers);
    return error;
}

cproduce_outcome cproduce_run(const cproduce_plan *plan) {
    cproduce_outcome outcome = {0};
    rd_kafka_t *client = make_client(plan, &outcome);
    if (!client) return outcome;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, plan->topic, NULL);
    char *noise = malloc(NOISE), *same = malloc(NOISE);
    fill(noise, NOISE);
    memset(same, 'v', NOISE);
    int64_t sent = 0;
    double start = now(), end = start + plan->seconds;
    while (now() < end) {
        while (sent - outcome.acknowledged - outcome.failed >= plan->window) rd_kafka_poll(client, 1);
        rd_kafka_resp_err_t error = produce(plan, client, topic, sent, noise, same);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_poll(client, 1);
        } else if (error) {
            snprintf(outcome.error, sizeof outcome.error, "%s", rd_kafka_err2str(error));
            break;
        } else if (++sent % 64 == 0) {
            rd_kafka_poll(client, 0);
        }
    }
    rd_kafka_flush(client, 30000);
    outcome.seconds = now() - start;
    // What was not reported by now did not arrive in time.
    outcome.failed += sent - outcome.acknowledged - outcome.failed;
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    free(noise);
    free(same);
    return outcome;
}

const char *cproduce_version(void) { return rd_kafka_version_str(); }
