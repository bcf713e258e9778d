BEGIN TRANSACTION;
CREATE TABLE about (
	word TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (word)
)
 WITHOUT ROWID

;
INSERT INTO "about" VALUES('key_mark','6ac675c09d393eee');
INSERT INTO "about" VALUES('version','1');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('r3');
CREATE TABLE credential (
	hash TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	status TEXT NOT NULL, kind TEXT DEFAULT 'badge' NOT NULL, starts BIGINT, ends BIGINT, pin TEXT, duress_pin TEXT, duress BOOLEAN DEFAULT 0 NOT NULL, reader_hash TEXT, 
	PRIMARY KEY (hash)
)
 WITHOUT ROWID

;
INSERT INTO "credential" VALUES('000b41e3d5f4cb54aed52cd109d005afbfe10b8a058fa0abe04ec334cc44b0af','h-81bdb2891b92','active','badge',NULL,NULL,'5c69d6bd8ac17b7ecd113ea41642e164f0f17682bbd1c2f988f13316ea419428',NULL,0,'7483419219b688598dae285b3e9d42829478c9a76e6e31fa2b424139821b3b33');
INSERT INTO "credential" VALUES('09e99069d2c8f95a5e29bd8e8d185b94644f04740ad9d392838958f616aa758b','h-759ff27eab80','active','badge',NULL,NULL,NULL,NULL,0,'f31cef3c32d2d6590dd15e4e450572be2a63c730d8b37149d3d4843fd35f4cb1');
INSERT INTO "credential" VALUES('0a2d81bcc377607386d737413cdec6bdb880b3ccf28b2ee7df150406dd24b4bb','h-66316c4e21c9','active','badge',NULL,NULL,'f5a477c80f4477d664aae217ce3aa5c97b2fb64be51deab57963e5fa8a51cb61',NULL,0,'74a9ec073aa4436322dad2be071bc0861ff4494578f5ef54fc5ad53984334213');
INSERT INTO "credential" VALUES('0fd22017f6920bdf014969037350348f6a673c0c361b956ce091eaa4c2d9c907','h-044032cdee4b','active','badge',NULL,NULL,NULL,NULL,0,'972f15eceb7d3a7252fdcf631fc8a97aff32c767a8898b00b6537d5282b739b1');
INSERT INTO "credential" VALUES('1941273fa11a54e4e8a843eb691b020b856c024a84c08b433f851172ea569890','h-6197df9c1834','active','badge',NULL,NULL,'453b3734a7209fdf9c55a773579adf5e4edfda90201b234b0223287ffbdafd69',NULL,0,'4c521d66c4e66eeda559086d76036ae54243e6ec59b6b52c968da6d087c2e62b');
INSERT INTO "credential" VALUES('1941f43296936508540272fa240b2f141bf39c4e072f75a194cd09b7b44c8b9e','h-b643d232adb2','active','badge',NULL,NULL,'ca124823310bb205a20c05c5ac85dc7dd3b6888c1c1b8ab3641340380440029e',NULL,0,'c939fe97c96450ffc69faa73e716d31284de2f48997219de6f189cc4326dd81e');
INSERT INTO "credential" VALUES('26741ac8d5e8389e566634c42a08fe59ff7bd8fa05b2e69a0f3944ee773c3732','h-b768a3f634fc','active','badge',NULL,NULL,NULL,NULL,0,'13b0397fc29ed340679404cb86e5789ccf5199ec09ee9056bf8ed45d097244a5');
INSERT INTO "credential" VALUES('2a8b33a9fe038dea0cbeca06709b82579865a81cdbea9807bd6013cdaaf377bb','h-d9f5a0ac0fe3','active','badge',NULL,NULL,NULL,NULL,0,'029419d0c72ffa92590340acd8400a9bcee2f1d6fb939b93e161291bfe463cb0');
INSERT INTO "credential" VALUES('31591caffb5b019a7202aa527dd8a11f6373bb58001e73e9d995f297760469e9','h-2b93e28f7321','lost','badge',NULL,NULL,'0bbfafab498241ee85e51e4cf1bc79aab4c2394ebae26861d8ab10fa60432eec',NULL,0,'1cbb6d1eb2f555a529c02c178d903961417de1d721bffeadffe705135f2024e3');
INSERT INTO "credential" VALUES('350524f985899675da9031b0588d365778cc5a982a2868714ed230426b5730fc','h-9e4fb6156770','active','badge',NULL,NULL,'015d51150864931d8fcbe5229210f9c8f3fdcf397524e9313b8007463847d393',NULL,0,'dcafd4083af7bc998f42305cfcbdcc723fb9ac5ef40518dd243434b45b1d96ee');
INSERT INTO "credential" VALUES('3aca15cb7b355a8d0cbdc18efa4b0240bd5d26a8bbee0f97494fb1f6d415df9d','h-4d0858db94f4','active','badge',NULL,NULL,'6db0a62ca101c3656a86952b2907d529bffecfb4ddeb8c736fbd9719c849a7ac',NULL,0,'da720f6bdca0187f157ee9d8a2e4478802b95f691cc286595f1e97e72c93c34c');
INSERT INTO "credential" VALUES('3e3ad9111d02e0d06792982caf86c57b0caf4a9f6b7798dee02bb70472ed7a90','h-5857e27a1abd','active','badge',NULL,NULL,'05ca98381a08a6e8ca06d2b5e39744f26e2d3cab32ac2652c2cc76f3f9602e41',NULL,0,'0b7cecf64e25066728e7314638a266798948022049a793ba380359d092a66972');
INSERT INTO "credential" VALUES('4c81f88e9a190f2ce4b52e8648dfdc689580eba4cc9887d283c6b18356e7231f','h-f2ec95676480','active','badge',NULL,NULL,NULL,NULL,0,'d474e1e0f40f0b635918a7ef090c28f7de6cc7bab73a5000f98d6a7f0b18008e');
INSERT INTO "credential" VALUES('5090f5a25ae2950aaca237592643d6a3efdf0766da52623a30898209ddf72609','h-7053c7302cfa','active','badge',NULL,NULL,'a938692fb51df033b1aa6a99f1aec9d9ac7f13bdedc98673fe55383b73ea30ee',NULL,0,'c77acdf75b274ce7c4d3514ae37f45bd1f84e4cabb1d44ef96c8244ff94f411e');
INSERT INTO "credential" VALUES('541e424876acf2fb25c989dd1a717c4d9b0a17556c846c50926c39c8794228fc','h-debc97cd57fb','active','badge',NULL,NULL,'1f47fc4aed26258eeb5becc0424571f8662283c05be2f1e15fd979846a6baed9',NULL,0,'ca58e3dd8a91bdf67aa006b74454c8327e29fe4eaf77fbbb8a16e1d4ccb6edb7');
INSERT INTO "credential" VALUES('54c7c232828849c07f36cb97be1370965b36f9488770e69df9c752bb0230e4b0','h-18d29aa1e399','active','badge',NULL,NULL,'cdeefaa6294b6635ed899e02b5740da6338d26a7233bea6ef375f24bfbe602bf',NULL,0,'0b9f5e9cf788e83aacb42f27a82717dfb22e7bc9e84848cd9555547bce76428f');
INSERT INTO "credential" VALUES('5736844d6374d6feae26344171bbabf7b667c2a6ef65ccc8ba192284509f71bc','h-fa09a2aa8962','active','badge',NULL,NULL,'e6d37d6b4ff10af520d2c6595fa591bfd89efe878058eb57a78e7932036ee0c3',NULL,0,'d6c18788791977dcdc41c30b829f46897a6399e02e54f6e138e1ad75d5a341a2');
INSERT INTO "credential" VALUES('5b16e6b8da5e8fa3e3047d3ff9ce77c327ca56ae0419aa9323210f71054962cc','h-6a41d394942f','active','badge',NULL,NULL,NULL,NULL,0,'79839c54a93f01320e8adac8de0eae774ea49c2c85eb308b498f6639768b20aa');
INSERT INTO "credential" VALUES('6bd95d2351c84236abd9e7db94eaadce3dd1abb1bd24ed0945518eb18d331c0c','h-ef2093fe92a3','active','badge',NULL,NULL,'ac4f49e08378b8ccc1aa19c59e9d9bfc6fbdf55ae181a9b7a0584bd60760e2dd',NULL,0,'d3f6bb3c074134bdf9c2c1afc87b2a8c3821024026cb82e9199652e4837446a2');
INSERT INTO "credential" VALUES('6feddf7cb39c4d03ddbc1e387c0c15548842e3b02b9e05ee64520d57f91db1b4','h-187339d7b3e7','active','badge',NULL,NULL,'584fbc56870b1c4a1870f492b6f450f2a0d506e9abfd7e51511cf30dfe6e5a3d',NULL,0,'b14db69db1602f6067ced588ad77a4bdb6ccf33bef9909d64cda587ad4a64b3b');
INSERT INTO "credential" VALUES('7134018e7a7aae1c283c735c918a86a23143a169e86fa85fc71d1fedc444a6f1','h-7f72bb5b237f','active','badge',NULL,NULL,NULL,NULL,0,'5a81b5951d379dfbff3ca6dc52591b7eda75b3fe2e33120bfac4899e4c08e4bd');
INSERT INTO "credential" VALUES('74d77252752338903b47d6d0d98a615f547c2724abd7955d0aea0f0dc3028eb6','h-f6e26095233f','active','badge',NULL,NULL,'cd3fea72efcad33e563bee02917d0bee9a3902e922342d7228ff5ee1ae602525',NULL,0,'deee165cbaeb829e6463fdcaf89c88960b76f1729dc22d717b76cc67536a86de');
INSERT INTO "credential" VALUES('79911a63021d16f57e556966b67dc2e920f0a0c03293b48eb24ab9c06901da48','h-fd50fd7a18c2','active','badge',NULL,NULL,'f0e6d8bcf83bb0f1681f18e4ba6ac077fca7970804510f29aee41072d56534f7',NULL,0,'e90c48c255c58ffb8755fdffae8df1045320bcfb1276a1d3d6360897b5040821');
INSERT INTO "credential" VALUES('7b4ef717fa08fcf5d70b854cac81b85b16eabf52647cce3db6acf0c6c8c5be9a','h-0c02462daf26','active','badge',NULL,NULL,'737db3f506137a3c722b244085c6c2f0d7c111558b52d2939e28c590ad3d650e',NULL,0,'c7e2c71137ddff0e4d945a8b90bb7e83537965bbde86991d2b6023a23a2cd966');
INSERT INTO "credential" VALUES('7d59b6cacd38d180c95814898814564ad42459caa6af015a97377b119e41ed76','h-5aaad36db53e','active','badge',NULL,NULL,'49a1668fe7d8fc5ed1e491bb88a0d9dba817b4e2a82628add16351b817ee61c3',NULL,0,'2f711e8c1fdf8d150b20d71fd339a36133045e67c6af743c9aff706c893cfc40');
INSERT INTO "credential" VALUES('7f1ece24a9587a5f7208d8feec5cae58cbf7c704431a910454cb55f0cf6e1cdb','h-6d3a77641f81','active','badge',NULL,NULL,'1a1d53868b59af878aed6a3d7a9ae8da45b0099a91f47a2bb6ebadacc1ad0e2a',NULL,0,'f43a5693aa2ba84f714dc983f3f15777d0818292e7e4cac47fb7b4c99ba0c747');
INSERT INTO "credential" VALUES('84790ab2f95601ca5eafc7db62972cc9f8e831f8fa1a5d9825b7783a81b1881a','h-5f14d3823329','active','badge',NULL,NULL,'bd4051c87c376a38110fda2f3100a3aa927e3d20bafbef6f77c50653fa6bc0fb',NULL,0,'968cf18b29a9ddb31fc402cd222a6c1daf98c62f5297c98c906fac5b27dac28b');
INSERT INTO "credential" VALUES('8546a6041d1e835ab66a7f756df08fe3a487de6f1bb4efa4456698b23d71d0f4','h-32347e86098b','active','badge',NULL,NULL,'549f7f62e1834d52b259bbd27c0cb9bdda52ed75c8756f1ed3ca94e67d289f74',NULL,0,'bd6b021a65454cf26cb6f14bc645e8c55b723926be0033e477492c0a1267b13d');
INSERT INTO "credential" VALUES('8555436a02036b34405b46ec0551d469ff6cc6e9fef224300ceb50f60156c787','h-5d705ced6d5e','active','badge',NULL,NULL,NULL,NULL,0,'b13f443bb5c849cda0e95a5b8a202cacc0e95546122332024a99e37babc19083');
INSERT INTO "credential" VALUES('8780a5adaf3959190840d5e8dd39a250586121fae49469106c10fea141e545f6','h-9bd207e0519d','active','badge',NULL,NULL,'a0d007ae24ff31e06b67b40558f09c00643c36f6324224a152c32db3a78c95a7',NULL,0,'6edb659b9b1d07633f0da7d462749f34330bdf814803bb62cd58bdfd9d89807d');
INSERT INTO "credential" VALUES('878a7eef2656ddd0c116b481b8aa5277241657bd53882aaef9dd4acc1c814195','h-308b88569c12','active','badge',NULL,NULL,'80f8b691dfe960847bae3dc24b9971cad28b0c90798812b9156f66bc2ee25701',NULL,0,'0364e5abd10c1bbb8a6f706c5895eb23a5dbcc1c13037594a949ce1c94a876a3');
INSERT INTO "credential" VALUES('8897f57879d46fa48e550dc1da9a5b4f832d8cb0c5519786c74a9cbbb8f47140','h-b6b3879fc091','active','badge',NULL,NULL,'def4fa3e17cea38fa4c89541538540a15cb5a7cdf94b47e9662cd762a08c7618',NULL,0,'e5a0be4239c979b6641dd31ee063f479997f4a538c0353138d8d80354ebf1af2');
INSERT INTO "credential" VALUES('8912e4b5debf39923eabbd5322b1082c9ee362a9fbf036b10ca0a77213640883','h-0639ade07803','active','badge',NULL,NULL,'3acf267bcc56608edf9da8354a009105cb49e5e4005cac7625ccf0a14e39beb5',NULL,0,'154d4866ee1ad1e83e2df99f03d0f584fed14dfd7d26b0a1f049e4330cab66aa');
INSERT INTO "credential" VALUES('8be6dbdcf751f2c9f60fc7731a6bfb856ad627f31914d71b7e076d8a98734b24','h-f4a51801ca4c','active','badge',NULL,NULL,'0c05c5eff6a9706e6506b05da50df209a2a7c7f3993fc06331247bb0c091815c',NULL,0,'926f45019a04cbd4a1b862f801ef495286fd7fbad1bae5ccfac8210760a13573');
INSERT INTO "credential" VALUES('8e20ba5873e9f550b311bf23da1fd22852bcef2505325fdee3ae13c29965e9fc','h-dd99845e7537','active','badge',NULL,NULL,'d38f91862f0c5239752043d60acd8310e40601a173415d698528248f64fbf8c8',NULL,0,'469e246c6fda23eaf71768fc4303f1f1dff0746e9e90163774ab72973b5e006d');
INSERT INTO "credential" VALUES('8e8c51caebd4d3f5e510deaf9cb7b68198d6e8345695eab3de871b35eada6d4c','h-386231b9b402','active','badge',NULL,NULL,NULL,NULL,0,'0e0f7a01b5a5e4e3954059f2adcfeb68c80c9614de4d22620a86370bfc069605');
INSERT INTO "credential" VALUES('958ecafcac657c9a3dc5beb4c5cb922cf76d6a21e9458cd8d062501786b2e7cf','h-df9e28523d66','active','badge',NULL,NULL,'b2720620f2f240fa1ca6edcec382ebc9ac5f75e8f1d5bcfb0037d8884d0dc35c',NULL,0,'2404503f9058bf3a63f30951c62debc945fd9899b116f12f93b7e48667e14be6');
INSERT INTO "credential" VALUES('97ab75488ceea09bc989f3786c522e60aef344816c6f5cb6447435f175e911f6','h-4f1e1bf7ea96','active','badge',NULL,NULL,'ba1c7cab59a39ccc6a59d3ffcca46f46a802f789691cc5ee1f1e8fd60b2c68ce',NULL,0,'c401431b5efc9600fb0aa55031ef6d6f1be0c95e47af43613a0ed9caf72188cf');
INSERT INTO "credential" VALUES('9e93f3e6592856d446151ca96f85d591ae48b765bdd70ef2f521189bc2669c07','h-cbb09002da3e','active','badge',NULL,NULL,NULL,NULL,0,'581b41b175d30048dca1fe6eff59591b5e05180614a65a2ca0aaf601309951d3');
INSERT INTO "credential" VALUES('a13342c43e34aa9716b5e41aa281d4297ccdc3bc96321aa448af3c01e1e68802','h-398623fb7329','active','badge',NULL,NULL,'e6e2338cdafd5b70cad65c656480ff865f74450a112978714f3f9ecbbbabde15',NULL,0,'83fe3838dd723c599139b20024fe9764cac1642f60e2d6aeb0cfdf4146f391a4');
INSERT INTO "credential" VALUES('a6e5c431684578315f7953863cfd21782a5aee0c73fb63c40583cd96e40d500d','h-83faa5ec0e9f','active','badge',NULL,NULL,'c8baff6b948548ee726258e38150ad184ea275ca3f90a27661d3fa2229f76766',NULL,0,'eae49fdbd43f9a7a0e1f8423c8f39b1d5f3fcf3fcd87b0e02c334a05c5ee1caa');
INSERT INTO "credential" VALUES('aa2a4376beab634fb517f5a71fe7c4e5cbef9bb63570a91514c4e35fba6b10cf','h-7abad1203214','active','badge',NULL,NULL,NULL,NULL,0,'f064ac55230229cbc94ad704b85eced74d15d8ee1e7665dc4321f4dfc8a2cbea');
INSERT INTO "credential" VALUES('b30b271d51f4e8300cc5467b294a99db4372dd73a926b3354c1537c793c42ff9','h-cb4fe6182939','active','badge',NULL,NULL,NULL,NULL,0,'4ccc4341e51d24f0792676fb5a837fcc681d2bdbc0539bd84f79c85216b1df66');
INSERT INTO "credential" VALUES('b30de78de88cced0242bb56d96784944bf6edb68c6f58f4b016bcc30e9901d5f','h-ad619862ce3e','active','badge',NULL,NULL,NULL,NULL,0,'dbf1290a645825c3755ade583d5c8b808ea9bf1ea20c578a67bdf8874ff42073');
INSERT INTO "credential" VALUES('b84bd1b2c32e7ad6064b72ab2e5c1ae76bbc351eaf6f1fa9c46e661fbf34b97f','h-90a8a2c1bda6','active','badge',NULL,NULL,NULL,NULL,0,'e10cb70f386a9c39964032f84ebd057efb47138718a24672e11ffc8a93f21186');
INSERT INTO "credential" VALUES('b8e6f969113e69077c5b0de2c3e4a753eae885217ac8a73008900f7040f1f49f','h-cedaddbaf8b2','active','badge',NULL,NULL,'c12ec204cd11b16af9ce304e7995b6d1c0e7a0a7d9f31dd2ef5c4ad2767ac819',NULL,0,'13d58d4c5e2c13092e0567b651149f51446a6156e1d2b915d0cfc5ba4aa4bdb6');
INSERT INTO "credential" VALUES('bc431f6cd23d0cb41ebcfeda87f3142c210563f6535222a82e7d034075aed5af','h-e890a0434b2e','active','badge',NULL,NULL,NULL,NULL,0,'89bdedf0cf6e38b98e346a9012b72e0f2258beb5fe26501b4267b256275510ff');
INSERT INTO "credential" VALUES('bd2623c53b700b094ef303658ffb81298ee8be2edfd0e90c677fdb9aa309368d','h-d25376f49d09','active','badge',NULL,NULL,'07888864601ffd3e5c749cf9d9f9714ea93f6c8a091ce911ef088b94d0fffb5f',NULL,0,'324342a6d225baa40b09d2f7a4c42e470391f2f3ba5a6decd76bd9e87a0e3fb3');
INSERT INTO "credential" VALUES('bfa6d5f0d9a764e10d379585612b709860e2ebf359e201a9d7f52d74731ed64b','h-40c2552afc66','active','badge',NULL,NULL,'4ba22e3ab381ab7f0c2bc4dbb7fb7f879945dc625cb9a176866cd2cb1b4da472',NULL,0,'db599e2f055e6e899a2f9b4a81e49d8bd3ceb43b51e48b4249cb8e086b849379');
INSERT INTO "credential" VALUES('c2c20c7378401ead2e3aefd94cb734164f353d6e027098714c42da7e6492638f','h-415518d67bc0','active','badge',NULL,NULL,NULL,NULL,0,'c640606606ae01ac82334e7d76a641c6477d33fa674e1b8db348c8bfca3f5335');
INSERT INTO "credential" VALUES('c53d3104a7e88c336c51a0ec5b2e6cf041e5e9e95f29598118327259612c906f','h-6835c78ec4da','active','badge',NULL,NULL,NULL,NULL,0,'47636eefca258a7358d2cf35478dc63657b48c51f9287c399996779ee8a1b450');
INSERT INTO "credential" VALUES('c53fc5885732eecb9b84cdb29bbdb1e3193de3b1dc7956404977b4063faf8734','h-23d07d3fae78','active','badge',NULL,NULL,NULL,NULL,0,'8aa8d943ccbaddf5c8f812b4e68de2a70c2aa7fe5caaea841c815a74c4eeedd8');
INSERT INTO "credential" VALUES('cba24f0d794d89bebe93695d24dbfc85ba195f947eddcd4934aebcdadc02bde7','h-66668beefbae','active','badge',NULL,NULL,NULL,NULL,0,'a68a13243e266a96527b9897981dd14c02cdb081fb96a8340fdbeb3b745c3867');
INSERT INTO "credential" VALUES('d4ecf5874e56cda1329eda5afc9d464845ca0070b147699d070cbc5374a44773','h-17ae02ebb5e5','active','badge',NULL,NULL,NULL,NULL,0,'90146d15d8553cb56fc9c23572e43600a2c57cfa7d9acef15e8899c542b9ff1f');
INSERT INTO "credential" VALUES('d5ce5a9f590ab2d27b8a372120579817b0033a8d600d3f9f61d43311e527b6e6','h-80a77da1eee3','active','badge',NULL,NULL,'ab10726f82b5f50787e2223d6d3605ac8dcdc12ba451c08c1033f889b6d5da2b',NULL,0,'3cabdb4ede2786f65f95a1c76967467ae137272eb95f9df237c745fbb0055bb4');
INSERT INTO "credential" VALUES('d93a5b656881bc042d7aecb5ed4d3c8afcb0bfb3139276733298f519ec3fec27','h-d113aa1bfd7a','active','badge',NULL,NULL,NULL,NULL,0,'0eb7968ae2c3b2cbbd9370adfaa1997d35021d325d6fe451fa6e37b52889fa7e');
INSERT INTO "credential" VALUES('d94032f2d1c906f288bbaf21c925ff40e376511713cdbc33b3df697c00a0e5b1','h-225838dbc1c5','lost','badge',NULL,NULL,'8713bde25ef2beb7d3bef6f4166d6347d51261d23e69390e0ac5dadd1b278261',NULL,0,'6a4030739dd12202298a82fbe6e895393bf7aa3c63cb405dfbc4fa2e2aaa02b0');
INSERT INTO "credential" VALUES('dda251dcb95f264a2e39d00bd5f833cbd78b1018d440f0fd5f444b7fb6c96b77','h-5a750eeebb32','active','badge',NULL,NULL,'2ed925eeec7f5e2463a1a8dc59ab1ae817771923aaf5985a2d887f1794647315',NULL,0,'35e100ae8a7aa839340117279ef87644321ab6d81b4a7c798f6c4c043adbf804');
INSERT INTO "credential" VALUES('ef9a84e2304a111dcb68cbdf993d3243f270d31886362e783f4fec7b7f0e3607','h-fae44d634ffa','active','badge',NULL,NULL,'98138a16cef6597a37f54963464d61e4aba118aee884051e187b703024b30f7b',NULL,0,'8d1575750a19af1f5daf2b288435e065bbd2c0361a2bb02f58f21cff4f8853ec');
INSERT INTO "credential" VALUES('f0564e6cbd6c5aa5d61d5f7302104177b249e4754dd3a0cb51e4558b6ff333ab','h-5cccf46b0d64','active','badge',NULL,NULL,'04a111a5bcf1d625cabe7c718a3b83a0d2ca1c1d7f01be77052cd008dd40527d',NULL,0,'93580114c4e2e3483895e4bd7b74647d831e7a217a630a941bbfdf1fc70d0b27');
INSERT INTO "credential" VALUES('f0ad3b22b7ec347ac40bedef657a40d2328263c9a6454c4fcc89aba94225fe5f','h-b5d8ed90997e','active','badge',NULL,NULL,'1d338ffa04638ad82d823b654abf7d4a9e32540a8416ccc86658fce784e6c6d1',NULL,0,'344d5101cdc0197a0158fbac78429204b24191c0ff7fcd25ca9a870cbcf7b74d');
INSERT INTO "credential" VALUES('f433da7417cbdd487bea53327ef23d02dfb2fb4dee4b7c872dd97f8454619424','h-5d49084ed36c','lost','badge',NULL,NULL,'bd10866684a2685fb729d1847b145ced3185a58af11c6b84f52ecc542fdd680e',NULL,0,'6ff8bbb1094c1ce7cb07e77b4fded607eb21fae04d8fc180f1235168db6534b1');
INSERT INTO "credential" VALUES('f52a85671d4783e35c8d064cc9d4cfa17026cf32be9d46b526f432a72b75ecb6','h-c0146fb115fd','active','badge',NULL,NULL,NULL,NULL,0,'5bb8dadffa01f5e7617e95ef0de8b48e196aa3dfbb979055e52dd7b6b9869c3a');
INSERT INTO "credential" VALUES('f82d98996b201adc0ff2944df653c82af462c7ed85ff1713e8a5a663b603797e','h-f7dba5a75e80','active','badge',NULL,NULL,NULL,NULL,0,'0b1093e460563214fac48891a84c9693eea1f70583e66a0ea3b82503f612da3c');
CREATE TABLE erasure (
	holder TEXT NOT NULL, 
	PRIMARY KEY (holder)
)
 WITHOUT ROWID

;
CREATE TABLE holder (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
INSERT INTO "holder" VALUES('h-044032cdee4b','member');
INSERT INTO "holder" VALUES('h-0639ade07803','member');
INSERT INTO "holder" VALUES('h-0c02462daf26','member');
INSERT INTO "holder" VALUES('h-17ae02ebb5e5','member');
INSERT INTO "holder" VALUES('h-187339d7b3e7','member');
INSERT INTO "holder" VALUES('h-18d29aa1e399','member');
INSERT INTO "holder" VALUES('h-225838dbc1c5','member');
INSERT INTO "holder" VALUES('h-23d07d3fae78','member');
INSERT INTO "holder" VALUES('h-2b93e28f7321','member');
INSERT INTO "holder" VALUES('h-308b88569c12','member');
INSERT INTO "holder" VALUES('h-32347e86098b','member');
INSERT INTO "holder" VALUES('h-386231b9b402','member');
INSERT INTO "holder" VALUES('h-398623fb7329','member');
INSERT INTO "holder" VALUES('h-40c2552afc66','member');
INSERT INTO "holder" VALUES('h-415518d67bc0','member');
INSERT INTO "holder" VALUES('h-4d0858db94f4','member');
INSERT INTO "holder" VALUES('h-4f1e1bf7ea96','member');
INSERT INTO "holder" VALUES('h-5857e27a1abd','member');
INSERT INTO "holder" VALUES('h-5a750eeebb32','member');
INSERT INTO "holder" VALUES('h-5aaad36db53e','member');
INSERT INTO "holder" VALUES('h-5cccf46b0d64','member');
INSERT INTO "holder" VALUES('h-5d49084ed36c','member');
INSERT INTO "holder" VALUES('h-5d705ced6d5e','visitor');
INSERT INTO "holder" VALUES('h-5f14d3823329','member');
INSERT INTO "holder" VALUES('h-6197df9c1834','member');
INSERT INTO "holder" VALUES('h-66316c4e21c9','member');
INSERT INTO "holder" VALUES('h-66668beefbae','member');
INSERT INTO "holder" VALUES('h-6835c78ec4da','member');
INSERT INTO "holder" VALUES('h-6a41d394942f','member');
INSERT INTO "holder" VALUES('h-6d3a77641f81','member');
INSERT INTO "holder" VALUES('h-7053c7302cfa','member');
INSERT INTO "holder" VALUES('h-759ff27eab80','member');
INSERT INTO "holder" VALUES('h-7abad1203214','member');
INSERT INTO "holder" VALUES('h-7f72bb5b237f','member');
INSERT INTO "holder" VALUES('h-80a77da1eee3','member');
INSERT INTO "holder" VALUES('h-81bdb2891b92','member');
INSERT INTO "holder" VALUES('h-83faa5ec0e9f','member');
INSERT INTO "holder" VALUES('h-90a8a2c1bda6','visitor');
INSERT INTO "holder" VALUES('h-9bd207e0519d','member');
INSERT INTO "holder" VALUES('h-9e4fb6156770','member');
INSERT INTO "holder" VALUES('h-ad619862ce3e','visitor');
INSERT INTO "holder" VALUES('h-b5d8ed90997e','member');
INSERT INTO "holder" VALUES('h-b643d232adb2','member');
INSERT INTO "holder" VALUES('h-b6b3879fc091','member');
INSERT INTO "holder" VALUES('h-b768a3f634fc','member');
INSERT INTO "holder" VALUES('h-c0146fb115fd','member');
INSERT INTO "holder" VALUES('h-ca5785c3fb5c','member');
INSERT INTO "holder" VALUES('h-cb4fe6182939','member');
INSERT INTO "holder" VALUES('h-cbb09002da3e','visitor');
INSERT INTO "holder" VALUES('h-cedaddbaf8b2','member');
INSERT INTO "holder" VALUES('h-d113aa1bfd7a','visitor');
INSERT INTO "holder" VALUES('h-d25376f49d09','member');
INSERT INTO "holder" VALUES('h-d9f5a0ac0fe3','member');
INSERT INTO "holder" VALUES('h-dd99845e7537','member');
INSERT INTO "holder" VALUES('h-debc97cd57fb','member');
INSERT INTO "holder" VALUES('h-df9e28523d66','member');
INSERT INTO "holder" VALUES('h-e890a0434b2e','member');
INSERT INTO "holder" VALUES('h-ef2093fe92a3','member');
INSERT INTO "holder" VALUES('h-f2ec95676480','member');
INSERT INTO "holder" VALUES('h-f4a51801ca4c','member');
INSERT INTO "holder" VALUES('h-f6e26095233f','member');
INSERT INTO "holder" VALUES('h-f7dba5a75e80','member');
INSERT INTO "holder" VALUES('h-fa09a2aa8962','member');
INSERT INTO "holder" VALUES('h-fae44d634ffa','member');
INSERT INTO "holder" VALUES('h-fd50fd7a18c2','member');
CREATE TABLE holder_group (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	"group" TEXT NOT NULL, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
CREATE TABLE identity (
	holder TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	name TEXT NOT NULL, 
	email TEXT, 
	PRIMARY KEY (holder), 
	UNIQUE (ref)
)
 WITHOUT ROWID

;
INSERT INTO "identity" VALUES('h-044032cdee4b','le-seuil-m040','Chloé Benali','le-seuil-m040@example.org');
INSERT INTO "identity" VALUES('h-0639ade07803','le-seuil-m059','Gaëlle Hamon','le-seuil-m059@example.org');
INSERT INTO "identity" VALUES('h-0c02462daf26','le-seuil-m004','Farid Benali','le-seuil-m004@example.org');
INSERT INTO "identity" VALUES('h-17ae02ebb5e5','le-seuil-m035','Bruno Imbert','le-seuil-m035@example.org');
INSERT INTO "identity" VALUES('h-187339d7b3e7','le-seuil-m015','Bruno Garnier','le-seuil-m015@example.org');
INSERT INTO "identity" VALUES('h-18d29aa1e399','le-seuil-m014','Inès Costa','le-seuil-m014@example.org');
INSERT INTO "identity" VALUES('h-225838dbc1c5','le-seuil-m034','Chloé Evrard','le-seuil-m034@example.org');
INSERT INTO "identity" VALUES('h-23d07d3fae78','le-seuil-m033','Chloé Costa','le-seuil-m033@example.org');
INSERT INTO "identity" VALUES('h-2b93e28f7321','le-seuil-m010','Ada Garnier','le-seuil-m010@example.org');
INSERT INTO "identity" VALUES('h-308b88569c12','le-seuil-m006','Emma Evrard','le-seuil-m006@example.org');
INSERT INTO "identity" VALUES('h-32347e86098b','le-seuil-m011','Bruno Fabre','le-seuil-m011@example.org');
INSERT INTO "identity" VALUES('h-386231b9b402','le-seuil-m005','Jules Benali','le-seuil-m005@example.org');
INSERT INTO "identity" VALUES('h-398623fb7329','le-seuil-m038','Ada Fabre','le-seuil-m038@example.org');
INSERT INTO "identity" VALUES('h-40c2552afc66','le-seuil-m013','Gaëlle Aubry','le-seuil-m013@example.org');
INSERT INTO "identity" VALUES('h-415518d67bc0','le-seuil-m002','Chloé Hamon','le-seuil-m002@example.org');
INSERT INTO "identity" VALUES('h-4d0858db94f4','le-seuil-m021','Jules Benali','le-seuil-m021@example.org');
INSERT INTO "identity" VALUES('h-4f1e1bf7ea96','le-seuil-m023','Chloé Garnier','le-seuil-m023@example.org');
INSERT INTO "identity" VALUES('h-5857e27a1abd','le-seuil-m019','Farid Garnier','le-seuil-m019@example.org');
INSERT INTO "identity" VALUES('h-5a750eeebb32','le-seuil-m043','Chloé Hamon','le-seuil-m043@example.org');
INSERT INTO "identity" VALUES('h-5aaad36db53e','le-seuil-m061','Bruno Costa','le-seuil-m061@example.org');
INSERT INTO "identity" VALUES('h-5cccf46b0d64','le-seuil-m012','Emma Durand','le-seuil-m012@example.org');
INSERT INTO "identity" VALUES('h-5d49084ed36c','le-seuil-m058','Inès Garnier','le-seuil-m058@example.org');
INSERT INTO "identity" VALUES('h-5d705ced6d5e','le-seuil-g001','Farid Imbert','le-seuil-g001@example.org');
INSERT INTO "identity" VALUES('h-5f14d3823329','le-seuil-m029','Emma Evrard','le-seuil-m029@example.org');
INSERT INTO "identity" VALUES('h-6197df9c1834','le-seuil-m036','Inès Imbert','le-seuil-m036@example.org');
INSERT INTO "identity" VALUES('h-66316c4e21c9','le-seuil-m042','Ada Hamon','le-seuil-m042@example.org');
INSERT INTO "identity" VALUES('h-66668beefbae','le-seuil-m026','Hugo Durand','le-seuil-m026@example.org');
INSERT INTO "identity" VALUES('h-6835c78ec4da','le-seuil-m032','Jules Fabre','le-seuil-m032@example.org');
INSERT INTO "identity" VALUES('h-6a41d394942f','le-seuil-m049','Bruno Hamon','le-seuil-m049@example.org');
INSERT INTO "identity" VALUES('h-6d3a77641f81','le-seuil-m037','Gaëlle Garnier','le-seuil-m037@example.org');
INSERT INTO "identity" VALUES('h-7053c7302cfa','le-seuil-m052','Inès Costa','le-seuil-m052@example.org');
INSERT INTO "identity" VALUES('h-759ff27eab80','le-seuil-m041','Gaëlle Imbert','le-seuil-m041@example.org');
INSERT INTO "identity" VALUES('h-7abad1203214','le-seuil-m064','Hugo Hamon','le-seuil-m064@example.org');
INSERT INTO "identity" VALUES('h-7f72bb5b237f','le-seuil-m009','Inès Fabre','le-seuil-m009@example.org');
INSERT INTO "identity" VALUES('h-80a77da1eee3','le-seuil-m025','Jules Garnier','le-seuil-m025@example.org');
INSERT INTO "identity" VALUES('h-81bdb2891b92','le-seuil-m024','Farid Durand','le-seuil-m024@example.org');
INSERT INTO "identity" VALUES('h-83faa5ec0e9f','le-seuil-m028','Jules Imbert','le-seuil-m028@example.org');
INSERT INTO "identity" VALUES('h-90a8a2c1bda6','le-seuil-g002','Bruno Garnier','le-seuil-g002@example.org');
INSERT INTO "identity" VALUES('h-9bd207e0519d','le-seuil-m050','Bruno Durand','le-seuil-m050@example.org');
INSERT INTO "identity" VALUES('h-9e4fb6156770','le-seuil-m060','Inès Imbert','le-seuil-m060@example.org');
INSERT INTO "identity" VALUES('h-ad619862ce3e','le-seuil-g005','Inès Aubry','le-seuil-g005@example.org');
INSERT INTO "identity" VALUES('h-b5d8ed90997e','le-seuil-m056','Bruno Evrard','le-seuil-m056@example.org');
INSERT INTO "identity" VALUES('h-b643d232adb2','le-seuil-m053','Gaëlle Durand','le-seuil-m053@example.org');
INSERT INTO "identity" VALUES('h-b6b3879fc091','le-seuil-m055','Emma Fabre','le-seuil-m055@example.org');
INSERT INTO "identity" VALUES('h-b768a3f634fc','le-seuil-m062','Farid Hamon','le-seuil-m062@example.org');
INSERT INTO "identity" VALUES('h-c0146fb115fd','le-seuil-m017','Ada Evrard','le-seuil-m017@example.org');
INSERT INTO "identity" VALUES('h-ca5785c3fb5c','demo','Camille, demo',NULL);
INSERT INTO "identity" VALUES('h-cb4fe6182939','le-seuil-m031','Gaëlle Evrard','le-seuil-m031@example.org');
INSERT INTO "identity" VALUES('h-cbb09002da3e','le-seuil-g004','Bruno Fabre','le-seuil-g004@example.org');
INSERT INTO "identity" VALUES('h-cedaddbaf8b2','le-seuil-m018','Bruno Fabre','le-seuil-m018@example.org');
INSERT INTO "identity" VALUES('h-d113aa1bfd7a','le-seuil-g003','Bruno Costa','le-seuil-g003@example.org');
INSERT INTO "identity" VALUES('h-d25376f49d09','le-seuil-m048','Ada Aubry','le-seuil-m048@example.org');
INSERT INTO "identity" VALUES('h-d9f5a0ac0fe3','le-seuil-m001','Bruno Aubry','le-seuil-m001@example.org');
INSERT INTO "identity" VALUES('h-dd99845e7537','le-seuil-m007','Bruno Aubry','le-seuil-m007@example.org');
INSERT INTO "identity" VALUES('h-debc97cd57fb','le-seuil-m016','Ada Evrard','le-seuil-m016@example.org');
INSERT INTO "identity" VALUES('h-df9e28523d66','le-seuil-m045','Driss Evrard','le-seuil-m045@example.org');
INSERT INTO "identity" VALUES('h-e890a0434b2e','le-seuil-m057','Bruno Fabre','le-seuil-m057@example.org');
INSERT INTO "identity" VALUES('h-ef2093fe92a3','le-seuil-m047','Hugo Hamon','le-seuil-m047@example.org');
INSERT INTO "identity" VALUES('h-f2ec95676480','le-seuil-m039','Hugo Benali','le-seuil-m039@example.org');
INSERT INTO "identity" VALUES('h-f4a51801ca4c','le-seuil-m008','Ada Fabre','le-seuil-m008@example.org');
INSERT INTO "identity" VALUES('h-f6e26095233f','le-seuil-m054','Bruno Imbert','le-seuil-m054@example.org');
INSERT INTO "identity" VALUES('h-f7dba5a75e80','le-seuil-m046','Emma Imbert','le-seuil-m046@example.org');
INSERT INTO "identity" VALUES('h-fa09a2aa8962','le-seuil-m063','Driss Aubry','le-seuil-m063@example.org');
INSERT INTO "identity" VALUES('h-fae44d634ffa','le-seuil-m022','Inès Costa','le-seuil-m022@example.org');
INSERT INTO "identity" VALUES('h-fd50fd7a18c2','le-seuil-m030','Hugo Hamon','le-seuil-m030@example.org');
CREATE TABLE membership (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	"plan" TEXT NOT NULL, 
	sites TEXT NOT NULL, 
	starts BIGINT, 
	ends BIGINT, 
	status TEXT NOT NULL, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
INSERT INTO "membership" VALUES('h-044032cdee4b',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-0639ade07803',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-0c02462daf26',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-17ae02ebb5e5',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-187339d7b3e7',0,'part-time','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-18d29aa1e399',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-225838dbc1c5',0,'ticket','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-23d07d3fae78',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-2b93e28f7321',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-308b88569c12',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-32347e86098b',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-386231b9b402',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-398623fb7329',0,'ticket','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-40c2552afc66',0,'nomad','[]',1764457200000000,1793487600000000,'active');
INSERT INTO "membership" VALUES('h-415518d67bc0',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-4d0858db94f4',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-4f1e1bf7ea96',0,'part-time','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-5857e27a1abd',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-5a750eeebb32',0,'ticket','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-5aaad36db53e',0,'ticket','[]',1764457200000000,1793487600000000,'active');
INSERT INTO "membership" VALUES('h-5cccf46b0d64',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-5d49084ed36c',0,'part-time','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-5d705ced6d5e',0,'visitor','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-5f14d3823329',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-6197df9c1834',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-66316c4e21c9',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-66668beefbae',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-6835c78ec4da',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-6a41d394942f',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-6d3a77641f81',0,'resident','[]',1764457200000000,1793487600000000,'active');
INSERT INTO "membership" VALUES('h-7053c7302cfa',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-759ff27eab80',0,'maker','[]',1764457200000000,1827615600000000,'unpaid');
INSERT INTO "membership" VALUES('h-7abad1203214',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-7f72bb5b237f',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-80a77da1eee3',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-81bdb2891b92',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-83faa5ec0e9f',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-90a8a2c1bda6',0,'visitor','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-9bd207e0519d',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-9e4fb6156770',0,'ticket','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-ad619862ce3e',0,'visitor','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-b5d8ed90997e',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-b643d232adb2',0,'ticket','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-b6b3879fc091',0,'resident','[]',1764457200000000,1827615600000000,'suspended');
INSERT INTO "membership" VALUES('h-b768a3f634fc',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-c0146fb115fd',0,'maker','[]',1764457200000000,1827615600000000,'unpaid');
INSERT INTO "membership" VALUES('h-cb4fe6182939',0,'maker','[]',1764457200000000,1827615600000000,'suspended');
INSERT INTO "membership" VALUES('h-cbb09002da3e',0,'visitor','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-cedaddbaf8b2',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-d113aa1bfd7a',0,'visitor','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-d25376f49d09',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-d9f5a0ac0fe3',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-dd99845e7537',0,'resident','[]',1764457200000000,1827615600000000,'suspended');
INSERT INTO "membership" VALUES('h-debc97cd57fb',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-df9e28523d66',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-e890a0434b2e',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-ef2093fe92a3',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-f2ec95676480',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-f4a51801ca4c',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-f6e26095233f',0,'resident','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-f7dba5a75e80',0,'maker','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-fa09a2aa8962',0,'nomad','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-fae44d634ffa',0,'part-time','[]',1764457200000000,1827615600000000,'active');
INSERT INTO "membership" VALUES('h-fd50fd7a18c2',0,'nomad','[]',1764457200000000,1827615600000000,'active');
CREATE TABLE staff_role (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	sites TEXT NOT NULL, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
INSERT INTO "staff_role" VALUES('h-ca5785c3fb5c',0,'administrator','[]');
INSERT INTO "staff_role" VALUES('h-d9f5a0ac0fe3',0,'fab-manager','["le-seuil"]');
CREATE TABLE training (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	training TEXT NOT NULL, 
	given_by TEXT, 
	given BIGINT, 
	ends BIGINT, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
INSERT INTO "training" VALUES('h-044032cdee4b',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-17ae02ebb5e5',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1793487600000000);
INSERT INTO "training" VALUES('h-386231b9b402',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-415518d67bc0',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-66668beefbae',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-6835c78ec4da',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-6a41d394942f',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1793487600000000);
INSERT INTO "training" VALUES('h-759ff27eab80',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-7abad1203214',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-b768a3f634fc',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-c0146fb115fd',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1793487600000000);
INSERT INTO "training" VALUES('h-cb4fe6182939',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-d9f5a0ac0fe3',0,'laser',NULL,1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-e890a0434b2e',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
INSERT INTO "training" VALUES('h-f2ec95676480',0,'laser','h-d9f5a0ac0fe3',1764457200000000,1827615600000000);
CREATE INDEX credential_holder ON credential (holder);
COMMIT;
PRAGMA user_version = 0;
