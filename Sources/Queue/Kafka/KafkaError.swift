import CRdkafka
import Kernel

/// A code of librdkafka or of a broker, and what can be done about it.
struct KafkaError: Error, Equatable, CustomStringConvertible {
    let code: rd_kafka_resp_err_t

    init(_ code: rd_kafka_resp_err_t) { self.code = code }

    var description: String {
        String(cString: rd_kafka_err2name(code)) + " (" + String(cString: rd_kafka_err2str(code)) + ")"
    }

    enum Remedy: Equatable {
        /// The same call may succeed soon.
        case retry
        /// Nothing that this program does will help.
        case none
    }

    var remedy: Remedy {
        switch code {
        // A member that lags behind its group's rebalance catches up, or hears that its assignment is lost.
        case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__WAIT_COORD,
            RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
            .retry
        default: .none
        }
    }

    /// Towards the domain: `unavailable` where trying again may help, else `internal`.
    var failure: Failure {
        switch remedy {
        case .retry: Failure.unavailable("The event log", cause: self)
        case .none:
            Failure(.internal, "event_log_refused", "The event log refuses: \(self)", cause: self)
        }
    }
}

extension rd_kafka_resp_err_t {
    /// Throws what `self` says, unless it says that all is well.
    func check() throws {
        guard self == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(self).failure }
    }
}
