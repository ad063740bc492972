import CRdkafka

extension EventRecord {
    /// A copy of what librdkafka fetched; headers of other names are left out.
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        self.init(
            key: Self.bytes(message.pointee.key, message.pointee.key_len),
            value: Self.bytes(message.pointee.payload, message.pointee.len), headers: [])
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return }
        var index = 0
        while true {
            var (name, value, size) = (UnsafePointer<CChar>?.none, UnsafeRawPointer?.none, 0)
            guard
                rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
                let name
            else { return }
            index += 1
            guard let known = HeaderName.byText[String(cString: name)] else { continue }
            headers.append(Header(name: known, value: Self.bytes(value, size)))
        }
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}
