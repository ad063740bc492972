import CLibAV

/// Encodes single pictures in `yuvj420p`.
enum JPEGEncoder {
    static func encode(_ picture: Frame) throws -> [UInt8] {
        let codec = try LibAVError.allocated(avcodec_find_encoder(AV_CODEC_ID_MJPEG))
        var context = avcodec_alloc_context3(codec)
        defer { avcodec_free_context(&context) }
        let encoder = try LibAVError.allocated(context)
        encoder.pointee.width = picture.raw.pointee.width
        encoder.pointee.height = picture.raw.pointee.height
        encoder.pointee.pix_fmt = AV_PIX_FMT_YUVJ420P
        encoder.pointee.color_range = AVCOL_RANGE_JPEG
        encoder.pointee.time_base = AVRational(num: 1, den: 25)
        encoder.pointee.flags |= Int32(AV_CODEC_FLAG_QSCALE)
        // 2 is best, 31 worst; 4 is about quality 85 of other programs.
        encoder.pointee.global_quality = 4 * FF_QP2LAMBDA
        try LibAVError.check(avcodec_open2(encoder, codec, nil), "open JPEG encoder")
        picture.raw.pointee.quality = encoder.pointee.global_quality
        picture.raw.pointee.pts = 0
        try LibAVError.check(avcodec_send_frame(encoder, picture.raw), "encode JPEG")
        try LibAVError.check(avcodec_send_frame(encoder, nil), "encode JPEG")
        let packet = try Packet()
        try LibAVError.check(avcodec_receive_packet(encoder, packet.raw), "encode JPEG")
        return Array(packet.bytes)
    }
}
